"""Replay: hands everything that topics hold to a consumer's dispatcher, from the start."""

from collections.abc import Sequence
from typing import Generic

from tradex_core.messaging.broker import Broker, Offsets
from tradex_core.messaging.dispatch import Dispatcher
from tradex_core.messaging.unit_of_work import W

_BATCH = 500


class Replay(Generic[W]):
    """Rebuilds what a consumer made of its topics, on a store that starts empty."""

    def __init__(self, broker: Broker, dispatcher: Dispatcher[W]) -> None:
        self._broker = broker
        self._dispatcher = dispatcher

    async def run(self, topics: Sequence[str]) -> int:
        """Replay the topics up to where they end now; return how many records that were.

        Raises Outage; a replay that runs again handles nothing twice.
        """
        replayed = 0
        for topic in topics:
            for partition, (start, end) in (await self._broker.offsets(topic)).items():
                replayed += await self._partition(topic, partition, start, end)
        return replayed

    async def go_on(self, *, since: Offsets, until: Offsets) -> int:
        """Replay every partition of `until` up to that offset; return how many records that were.

        It begins where `since` says, or at the partition's start. Raises Outage.
        """
        replayed = 0
        for (topic, partition), end in until.items():
            start = since.get((topic, partition), 0)
            replayed += await self._partition(topic, partition, start, end)
        return replayed

    async def _partition(self, topic: str, partition: int, start: int, end: int) -> int:
        replayed = 0
        while start < end:
            limit = min(_BATCH, end - start)
            found = await self._broker.read(topic, partition, start=start, limit=limit)
            records = [record for record in found if record.offset < end]
            if not records:
                break
            await self._dispatcher.handle(records)
            replayed += len(records)
            start = records[-1].offset + 1
        return replayed
