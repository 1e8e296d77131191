"""The topics as a deduplicating reader sees them."""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, Self, TypeVar

from tradex_core.events import codec, topics
from tradex_core.events.fields import Event
from tradex_core.messaging.broker import Record

E = TypeVar("E", bound=Event)

_PAGE = 1000
_ID = "ce_id"


class Readable(Protocol):
    """As much of a broker as can be looked at."""

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        """Return each partition's first kept offset and the offset behind its last record."""
        ...

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        """Return at most `limit` records from an offset on."""
        ...


class Log:
    """Every record of the topics, and each message once, in the order of its partition."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.records = tuple(records)
        self._first: dict[tuple[str, str], Record] = {}
        self.contradictions: list[str] = []
        for record in self.records:
            known = self._first.setdefault((record.topic, message_id(record)), record)
            if _content(known) != _content(record):
                self.contradictions.append(f"{record.position} repeats an id with another content")

    @classmethod
    async def read(cls, broker: Readable) -> Self:
        """Read everything that the platform's topics hold, the dead letters' too."""
        return cls([record async for record in _records(broker)])

    @property
    def repeats(self) -> int:
        """How many records a deduplicating reader passes over."""
        return len(self.records) - len(self._first)

    def messages(self, *names: str) -> Iterator[Record]:
        """Return each message of these topics once."""
        return (record for record in self._first.values() if record.topic in names)

    def events(self, kind: type[E]) -> list[E]:
        """Return each event of a kind once; raises Undecodable where one cannot be read."""
        return [codec.decode(record.value or b"", kind) for record in self.messages(kind.topic)]


def message_id(record: Record) -> str:
    """Return a message's identity: its id, or where it lies if it brought none."""
    brought = dict(record.headers).get(_ID)
    return brought.decode(errors="replace") if brought else record.position


def _content(record: Record) -> tuple[bytes | None, bytes | None]:
    """Return what is the same in each repeat: a password is sealed anew for every one."""
    return record.key, None if record.topic == topics.AUTH_COMMANDS else record.value


async def _records(broker: Readable) -> AsyncIterator[Record]:
    for topic in sorted(topics.OWN):
        for partition, (start, end) in (await broker.offsets(topic)).items():
            at = start
            while at < end:
                page = await broker.read(topic, partition, start=at, limit=_PAGE)
                if not page:
                    break
                for record in page:
                    yield record
                at = page[-1].offset + 1
