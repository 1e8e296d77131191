"""A process's connection to a server: everything that can go wrong between the two."""

import asyncio
from typing import Final

from tests.simulation.faults import Faults
from tests.simulation.plan import Fault
from tests.simulation.process import Process
from tests.simulation.trace import Trace

from tradex_core.errors import Outage, StoreConflict

_LONGEST_OUTAGE: Final = 1.5
_LONGEST_DELAY: Final = 0.8


class Unforeseen(Exception):
    """What a driver raises and no adapter translates."""


class Server:
    """A database or the broker: for all processes one, and at times away."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.away_until = 0.0


class Link:
    """One process's way to one server."""

    def __init__(
        self,
        process: Process,
        server: Server,
        faults: Faults,
        trace: Trace,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.process = process
        self.faults = faults
        self.trace = trace
        self._server = server
        self._loop = loop

    async def touch(self, what: str) -> None:
        """Pass on the way to something that changes nothing; raises Outage."""
        self.process.require_alive()
        await self._linger()
        self._require_server(what)

    async def before(self, what: str) -> None:
        """Pass on the way to something that changes the world; raises Outage."""
        self.process.require_alive()
        if self.faults.happens(Fault.CRASH):
            self.crash(f"before {what}")
        await self._linger()
        if self.faults.happens(Fault.OUTAGE):
            length = self.faults.chance.random() * _LONGEST_OUTAGE
            self._server.away_until = self._loop.time() + length
            self.trace(self._server.name, "is away for {:.2f} s", length)
        self._require_server(what)

    async def after(self, what: str) -> None:
        """Pass on the way back; raises Outage where the answer got lost."""
        if self.faults.happens(Fault.CRASH):
            self.crash(f"after {what}")
        await self._linger()
        if self.faults.happens(Fault.LOST_ANSWER):
            self.trace(self.process.name, "never hears that its {} was done", what)
            msg = f"the answer to {what} got lost"
            raise Outage(msg)

    async def pass_by(self) -> None:
        """Pass where a server's own client waits for it: only a dead process gets no further."""
        self.process.require_alive()
        await self._linger()

    async def after_publishing(self) -> None:
        """Pass on the way back from the log: each message has had its own fate already."""
        if self.faults.happens(Fault.CRASH):
            self.crash("after publish")
        await self._linger()

    def conflict(self, what: str, *, unforeseen: bool) -> None:
        """Raise StoreConflict or, where that may be, Unforeseen, if one of these happens."""
        if self.faults.happens(Fault.CONFLICT):
            msg = f"{what} conflicts"
            raise StoreConflict(msg)
        if unforeseen and self.faults.happens(Fault.UNFORESEEN):
            self.trace(self.process.name, "fails at {} as nobody foresaw", what)
            msg = f"{what} failed as nobody foresaw"
            raise Unforeseen(msg)

    def crash(self, where: str) -> None:
        """Kill the process, here and now; raises CancelledError."""
        self.process.die(where)
        self.process.require_alive()

    async def _linger(self) -> None:
        draw = self.faults.chance.random()
        if draw < 0.3:
            return
        if self.faults.happens(Fault.DELAY):
            await asyncio.sleep(self.faults.chance.random() * _LONGEST_DELAY)
        elif draw < 0.8:
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(self.faults.chance.random() * 0.01)
        self.process.require_alive()

    def _require_server(self, what: str) -> None:
        if self._server.away_until > self._loop.time():
            msg = f"{self._server.name} is away, at {what}"
            raise Outage(msg)
