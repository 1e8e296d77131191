"""Whether what an app needs is there, asked no oftener than a server should be."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

from tradex_core.errors import Passing

Ask = Callable[[], Awaitable[None]]

_PATIENCE_SECONDS = 2.0
_FRESH_SECONDS = 1.0


class Check:
    """Whether one server answers: asked once at a time and once a second, however many look.

    One that has not answered within two seconds is taken for away, until it does.
    """

    def __init__(self, ask: Ask, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._asking: asyncio.Task[bool] | None = None
        self._asked_at = float("-inf")

    async def is_well(self) -> bool:
        """Return whether it answers."""
        if self._asking is None or self._is_stale(self._asking):
            self._asked_at = self._monotonic()
            self._asking = asyncio.create_task(self._answers())
        done, _ = await asyncio.wait({self._asking}, timeout=_PATIENCE_SECONDS)
        return bool(done) and self._asking.result()

    async def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})

    def _is_stale(self, asking: asyncio.Task[bool]) -> bool:
        return asking.done() and self._monotonic() - self._asked_at >= _FRESH_SECONDS

    async def _answers(self) -> bool:
        try:
            await self._ask()
        except Passing:
            return False
        return True


class Checks:
    """What an app needs, by name: servers that are asked, and states that are looked at."""

    def __init__(
        self, servers: Mapping[str, Ask], states: Mapping[str, Callable[[], bool]]
    ) -> None:
        self._servers = {name: Check(ask) for name, ask in servers.items()}
        self._states = states

    async def __call__(self) -> Mapping[str, bool]:
        """Return each by its name, and whether it is well."""
        answers = await asyncio.gather(*(check.is_well() for check in self._servers.values()))
        states = {name: is_well() for name, is_well in self._states.items()}
        return dict(zip(self._servers, answers, strict=True)) | states

    async def stop(self) -> None:
        """Ask no more."""
        for check in self._servers.values():
            await check.stop()
