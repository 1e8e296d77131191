"""How much waits in each database, for whoever watches."""

import asyncio
from collections.abc import Mapping

from apps.runtime.servers import Database
from tradex_core.errors import Passing

_PATIENCE_SECONDS = 2.0


class Backlogs:
    """The counts of each database when they were last asked for, by its app's name.

    Of a database that did not answer there is no count, rather than an old one.
    """

    def __init__(self, databases: Mapping[str, Database]) -> None:
        self._databases = databases
        self.waiting: dict[str, int] = {}
        self.parked: dict[str, int] = {}

    async def refresh(self) -> None:
        """Count anew; takes two seconds at most."""
        await asyncio.gather(*(self._count(name) for name in self._databases))

    async def _count(self, name: str) -> None:
        database = self._databases[name]
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                waiting, parked = await database.outbox.count(), await database.parking.count()
        except (Passing, TimeoutError):
            self.waiting.pop(name, None)
            self.parked.pop(name, None)
        else:
            self.waiting[name], self.parked[name] = waiting, parked
