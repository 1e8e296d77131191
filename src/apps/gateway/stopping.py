"""Waits that end when the gateway stops, so that nobody holds it up."""

import asyncio
from typing import Any, TypeVar

T = TypeVar("T")


class Stopping:
    """Whether the gateway is about to stop; whoever waits here is let go then."""

    def __init__(self) -> None:
        self._begun: asyncio.Future[None] | None = None

    @property
    def begun(self) -> bool:
        """Whether it stops."""
        return self._begun is not None and self._begun.done()

    def begin(self) -> None:
        """Let go of everybody who waits, now and from now on."""
        beginning = self._beginning()
        if not beginning.done():
            beginning.set_result(None)

    async def wait_for(self, future: asyncio.Future[T], *, timeout: float) -> T | None:
        """Return a future's result; None where it does not come in so many seconds, or we stop.

        The future is not cancelled.
        """
        waited_for: set[asyncio.Future[Any]] = {future, self._beginning()}
        await asyncio.wait(waited_for, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        return future.result() if future.done() else None

    def _beginning(self) -> asyncio.Future[None]:
        if self._begun is None:
            self._begun = asyncio.get_running_loop().create_future()
        return self._begun
