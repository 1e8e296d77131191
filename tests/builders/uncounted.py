"""A gateway that counts nothing."""

from tradex_core.messaging.tracing import Trace


class Uncounted:
    """Hears of requests and operations, and forgets them."""

    def begun(self) -> None:
        """Do nothing."""

    def answered(
        self, *, method: str, route: str, status: int, seconds: float, trace: Trace | None
    ) -> None:
        """Do nothing."""

    def finished(self, *, command: str, status: str, seconds: float) -> None:
        """Do nothing."""
