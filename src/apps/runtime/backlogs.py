"""How much waits in each database and in the topics, for whoever watches."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from apps.operations.lag import measure_lag
from apps.runtime.ending import bounded
from apps.runtime.servers import Database
from tradex_core.clock import Clock
from tradex_core.errors import Passing, Unpublishable
from tradex_core.messaging.broker import Broker

T = TypeVar("T")

_PATIENCE_SECONDS = 2.0


class Backlogs:
    """What waited when it was last asked for, by the names of its labels; `ages` are in seconds.

    Of what did not answer there is no value, rather than an old one. `databases` go by their app's
    name; `consumers` say which topics each reads.
    """

    def __init__(
        self,
        databases: Mapping[str, Database],
        consumers: Mapping[str, Sequence[str]],
        broker: Broker,
        clock: Clock,
    ) -> None:
        self._databases = databases
        self._consumers = consumers
        self._broker = broker
        self._clock = clock
        self.waiting: dict[tuple[str, ...], float] = {}
        self.ages: dict[tuple[str, ...], float] = {}
        self.parked: dict[tuple[str, ...], float] = {}
        self.lags: dict[tuple[str, ...], float] = {}

    async def refresh(self) -> None:
        """Count anew; takes two seconds at most. Several may do so at a time."""
        await asyncio.gather(
            *(self._count(name) for name in self._databases),
            *(self._measure(name) for name in self._consumers),
        )

    async def _count(self, name: str) -> None:
        database, labels = self._databases[name], (name,)
        found = await _unless_away(_waiting_in(database))
        for values in (self.waiting, self.ages, self.parked):
            values.pop(labels, None)
        if found is not None:
            self.waiting[labels], oldest, self.parked[labels] = found
            waited = 0.0 if oldest is None else (self._clock.now() - oldest).total_seconds()
            self.ages[labels] = max(0.0, waited)

    async def _measure(self, consumer: str) -> None:
        topics = self._consumers[consumer]
        report = await _unless_away(measure_lag(self._broker, {consumer: topics}))
        for topic in topics:
            self.lags.pop((consumer, topic), None)
        for each in report.partitions if report is not None else ():
            labels = consumer, each.topic
            self.lags[labels] = self.lags.get(labels, 0) + each.lag


async def _unless_away(work: Coroutine[Any, Any, T]) -> T | None:
    with suppress(Passing, Unpublishable, TimeoutError):
        return await bounded(work, _PATIENCE_SECONDS)
    return None


async def _waiting_in(database: Database) -> tuple[int, datetime | None, int]:
    outbox, parking = database.outbox, database.parking
    return await outbox.count(), await outbox.oldest(), await parking.count()
