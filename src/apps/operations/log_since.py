"""Reads what topics hold since a time, without reading what lies before it."""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Final

from tradex_core.messaging.broker import Broker, Partition, Record

_PAGE: Final = 1000


async def records_since(
    broker: Broker, topics: Iterable[str], since: datetime
) -> AsyncIterator[Record]:
    """Yield the records of topics from a time on, up to where they end now; raises Outage."""
    for topic in topics:
        for partition, (start, end) in (await broker.offsets(topic)).items():
            at = await _first_since(broker, (topic, partition), (start, end), since)
            while at < end:
                page = await broker.read(topic, partition, start=at, limit=min(_PAGE, end - at))
                if not page:
                    break
                for record in page:
                    yield record
                at = page[-1].offset + 1


async def _first_since(
    broker: Broker, partition: Partition, bounds: tuple[int, int], since: datetime
) -> int:
    """Return the offset of the first record that is not older, by halving; the end for none."""
    start, end = bounds
    while start < end:
        middle = (start + end) // 2
        found = await broker.read(*partition, start=middle, limit=1)
        if found and found[0].timestamp < since:
            start = max(middle, found[0].offset) + 1
        else:
            end = middle
    return start
