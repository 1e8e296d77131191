"""What the gateway counts, as a port."""

from typing import Protocol

from tradex_core.messaging.tracing import Trace


class GatewayMetrics(Protocol):
    """Counts requests and operations; must not raise and must not block."""

    def begun(self) -> None:
        """Hear that a request is being answered."""
        ...

    def answered(
        self, *, method: str, route: str, status: int, seconds: float, trace: Trace | None
    ) -> None:
        """Hear what became of it: its route's template, and how long its answer took to begin.

        The status is 0 where nothing was answered.
        """
        ...

    def finished(self, *, command: str, status: str, seconds: float) -> None:
        """Hear of an operation's outcome, so many seconds after its command was accepted."""
        ...
