"""Rebuilds the gateway's views from the log, beside those that are read, and swaps them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PoolSettings
from adapters.postgres.errors import translated
from adapters.postgres.view_comparison import Comparison, compare
from adapters.postgres.view_positions import all_positions
from adapters.postgres.view_schemas import (
    NEW,
    drop_both,
    index_new,
    make_new,
    stop_projectors,
    swap,
)
from adapters.postgres.view_unit import ViewsDatabase, ViewsUnitOfWork
from tradex_core.clock import Clock
from tradex_core.errors import StoreConflict, TradexError
from tradex_core.events.reply import OUTCOMES_KEPT
from tradex_core.messaging.broker import Broker, Offsets
from tradex_core.messaging.dispatch import Dispatcher
from tradex_core.messaging.replay import Replay

_POOL: Final = PoolSettings(
    size=4, statement=timedelta(minutes=30), idle_in_transaction=timedelta(minutes=30)
)
_CLOSE: Final = 1_000
"""How many records may be left for the last steps, during which something waits."""
_SWAP_TRIES: Final = 30
_READERS_WAIT: Final = "1s"
_PROJECTORS_WAIT: Final = "5s"
_RETRY_POLL_SECONDS: Final = 0.25
_LOCK: Final = 4_215_108_340_771
"""The advisory lock that one rebuild at a time holds."""

DispatcherOf = Callable[[ViewsDatabase], Dispatcher[ViewsUnitOfWork]]


class RebuildUnderWay(TradexError):
    """Another rebuild of the same views is not done yet."""


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """How many records were replayed, how the views compared, and whether they were swapped."""

    records: int
    compared: tuple[Comparison, ...]
    swapped: bool

    @property
    def is_equal(self) -> bool:
        """Whether the live views were what the log says."""
        return not any(comparison.different for comparison in self.compared)


class ViewsRebuild:
    """One rebuild of the views behind a URL, whose role may make and drop tables.

    `dispatcher_of` gives the projector's dispatcher on a database of views; `topics` are what it
    reads. The running projectors and readers go on meanwhile.
    """

    def __init__(
        self,
        url: str,
        clock: Clock,
        broker: Broker,
        dispatcher_of: DispatcherOf,
        topics: Sequence[str],
    ) -> None:
        self._clock = clock
        self._broker = broker
        self._topics = topics
        self._live = ViewsDatabase(url, clock, _POOL)
        self._new = ViewsDatabase(url, clock, _POOL, schema=NEW)
        self._dispatcher = dispatcher_of(self._new)
        self._replay = Replay(broker, self._dispatcher)

    async def run(self, *, swap_different: bool = True) -> Rebuilt:
        """Make new tables, replay the log into them, compare, swap, and drop the old ones.

        Where the two differ, the new ones take the live ones' place only if `swap_different`.
        Raises RebuildUnderWay or Outage, and StoreConflict where the views were never free to be
        swapped; interrupted anywhere, it may be run again.
        """
        try:
            async with self._alone():
                return await self._run(swap_different=swap_different)
        finally:
            await self._new.close()
            await self._live.close()

    async def _run(self, *, swap_different: bool) -> Rebuilt:
        async with self._new.transaction() as connection:
            await make_new(connection, live=self._live.schema)
        records = await self._approach(self._live.positions)
        async with self._new.transaction() as connection:
            await index_new(connection, live=self._live.schema)
        replayed, compared = await self._compare()
        rebuilt = Rebuilt(records=records + replayed, compared=compared, swapped=False)
        if rebuilt.is_equal or swap_different:
            records = await self._approach(self._ends) + await self._swap()
            rebuilt = replace(rebuilt, records=rebuilt.records + records, swapped=True)
        async with self._new.transaction() as connection:
            await drop_both(connection)
        return rebuilt

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        """Keep others from rebuilding meanwhile, and no longer than this connection lasts."""
        with translated(self._live.name):
            async with self._live.engine.connect() as connection:
                await connection.execution_options(isolation_level="AUTOCOMMIT")
                taken = sa.text("SELECT pg_try_advisory_lock(:name)")
                lock = {"name": _LOCK}
                if not await connection.scalar(taken, lock):
                    msg = f"{self._live.name}: another rebuild is under way; let it end first"
                    raise RebuildUnderWay(msg)
                try:
                    yield
                finally:  # else the server lets go of it when it notices that nobody is there
                    with suppress(sa.exc.SQLAlchemyError):
                        await connection.execute(sa.text("SELECT pg_advisory_unlock(:name)"), lock)

    async def _approach(self, target: Callable[[], Awaitable[Offsets]]) -> int:
        """Follow a target that moves until it is close; return how many records that took."""
        records = 0
        while True:
            replayed = await self._go_on(await target())
            records += replayed
            if replayed <= _CLOSE:
                return records

    async def _ends(self) -> Offsets:
        return {
            (topic, partition): end
            for topic in self._topics
            for partition, (_, end) in (await self._broker.offsets(topic)).items()
        }

    async def _go_on(self, until: Offsets) -> int:
        """Bring the new views up to these offsets; what fails is tried as often as it would be."""
        until = {place: offset for place, offset in until.items() if place[0] in self._topics}
        replayed = await self._replay.go_on(since=await self._new.positions(), until=until)
        while await self._new.parking.count():
            if not await self._dispatcher.retry_due():
                await asyncio.sleep(_RETRY_POLL_SECONDS)
        return replayed

    async def _compare(self) -> tuple[int, tuple[Comparison, ...]]:
        """Compare the live views as they are at one moment with new ones at the same positions."""
        async with self._live.transaction() as live:
            await live.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            replayed = await self._go_on(await all_positions(live))
            since = self._clock.now() - OUTCOMES_KEPT
            async with self._new.transaction() as new:
                return replayed, tuple(await compare(live, new, since=since))

    async def _swap(self) -> int:
        for _ in range(_SWAP_TRIES - 1):
            with suppress(StoreConflict):
                return await self._try_to_swap()
        return await self._try_to_swap()

    async def _try_to_swap(self) -> int:
        """Hold the projectors up, replay what they did meanwhile, and swap at that very point."""
        async with self._live.transaction() as connection:
            await _wait_at_most(connection, _PROJECTORS_WAIT)
            await stop_projectors(connection, live=self._live.schema)
            replayed = await self._go_on(await all_positions(connection))
            await _wait_at_most(connection, _READERS_WAIT)
            await swap(connection, live=self._live.schema)
        return replayed


async def _wait_at_most(connection: AsyncConnection, time: str) -> None:
    await connection.execute(sa.text(f"SET LOCAL lock_timeout = '{time}'"))
