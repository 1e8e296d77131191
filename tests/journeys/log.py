"""Reads what a platform's broker holds, as any other reader of the topics could."""

from itertools import chain

from apps.platform.platform import Platform
from tradex_core.events.topics import all_topics
from tradex_core.messaging.broker import Record


async def records_of(platform: Platform, *topics: str) -> list[Record]:
    """Return the records of these topics, or of all, in order per partition."""
    found: list[Record] = []
    for topic in topics or [topic.name for topic in all_topics()]:
        for partition, (start, end) in (await platform.broker.offsets(topic)).items():
            if end > start:
                limit = end - start
                found += await platform.broker.read(topic, partition, start=start, limit=limit)
    return found


def bytes_of(record: Record) -> bytes:
    """Return every byte of a record: its key, its value, its headers."""
    headers = chain.from_iterable((name.encode(), value) for name, value in record.headers)
    return b"\n".join([record.key or b"", record.value or b"", *headers])
