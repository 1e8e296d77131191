"""Replays what a service handled, on a database that was restored from a backup.

The log tells what was handled and when: each message that a service publishes names its cause and
its own time. So everything is handled again in that order and at that time, and comes to the same;
only what the log lacks is published.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final, NamedTuple, Protocol

from apps.operations.log_since import records_since
from apps.orders.timeouts import TIMED_OUT_BY
from apps.runtime.servers import Database
from apps.runtime.service import Service
from tradex_core.errors import TradexError
from tradex_core.events import codec, topics
from tradex_core.events.fields import Wire
from tradex_core.events.topics import DEAD_LETTER_SUFFIX
from tradex_core.events.user import UserRegistered
from tradex_core.ids import OrderId
from tradex_core.messaging import dead_letters as layout
from tradex_core.messaging.broker import Broker, Message, Record
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.relay import Relay

_ID: Final = "ce_id"
_MADE_BY_HAND: Final = "create-admin/"

TimeOut = Callable[[OrderId], Awaitable[None]]


class _When(NamedTuple):
    """Where a message has its place: what came to nothing changed nothing, and comes last.

    As does what nobody knows of, because it was handled too late to be published, or not at all.
    """

    came_to_nothing: bool
    at: datetime


Step = tuple[_When, Callable[[], Awaitable[None]]]


class StillRunning(TradexError):
    """A service handles messages while its database is to be brought up to date."""


class GroupedBroker(Broker, Protocol):
    """A broker that tells who is in a group."""

    async def size_of(self, group: str) -> int:
        """Return how many processes are in a group now; raises Outage."""
        ...


class Replayed(Wire, frozen=True, kw_only=True):
    """What was handled again: messages and timers; what was published that the log lacked.

    `by_hand` has the addresses of what only an operator can make again: accounts of admins.
    """

    app: str
    since: datetime
    messages: int
    timers: int
    published: int
    by_hand: tuple[str, ...]
    dry_run: bool


class LogClock:
    """A clock that shows when what is handled now was handled first."""

    def __init__(self) -> None:
        self.at = datetime.fromtimestamp(0, UTC)

    def now(self) -> datetime:
        """Return that time."""
        return self.at


@dataclass
class _Published:
    """What a service published: its ids, what it gave up, and when each cause was handled.

    `admins` are the addresses of those that were made without a message.
    """

    ids: set[str] = field(default_factory=set)
    admins: list[str] = field(default_factory=list)
    letters: set[str] = field(default_factory=set)
    times: dict[str, datetime] = field(default_factory=dict)

    def add(self, record: Record, source: str) -> None:
        """Take note of a record."""
        texts = _texts(record.headers)
        if record.topic.endswith(DEAD_LETTER_SUFFIX):
            self.letters.add(texts.get(layout.ID, ""))
        elif texts.get("ce_source") == source:
            self.ids.add(texts[_ID])
            at = datetime.fromisoformat(texts["ce_time"])
            cause = texts.get("causation-id", "")
            self.times[cause] = min(at, self.times.get(cause, at))
            if cause.startswith(_MADE_BY_HAND):
                self.admins.append(codec.decode(record.value or b"", UserRegistered).email)

    def when(self, record: Record) -> _When:
        """Return when a record was handled; where nothing came of it, when it was sent.

        A reservation, say, of an order that had been cancelled meanwhile: it must find it so.
        """
        texts = _texts(record.headers)
        given = texts.get(_ID, "")
        names = (given, f"unsigned/{given}", texts.get(layout.ORIGIN, ""), record.position)
        handled_at = next((self.times[name] for name in names if name in self.times), None)
        return _When(handled_at is None, handled_at or record.timestamp)

    def of(self, beginning: str) -> Mapping[str, datetime]:
        """Return what was done without a message, by what its causes begin with."""
        length = len(beginning)
        return {c[length:]: at for c, at in self.times.items() if c.startswith(beginning)}


class _Lacking:
    """A producer of what the log lacks: it has the rest already."""

    def __init__(self, broker: Broker, known: _Published) -> None:
        self._broker = broker
        self._known = known
        self.published = 0

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish what is not there yet, one answer a message."""
        lacking = [message for message in messages if not self._is_there(message)]
        answers = iter(await self._broker.publish(lacking) if lacking else ())
        told = [None if self._is_there(message) else next(answers) for message in messages]
        self.published += sum(error is None for error in told) - (len(messages) - len(lacking))
        return told

    def _is_there(self, message: Message) -> bool:
        if message.topic not in topics.OWN:  # a stranger's topic: it was answered, or is gone
            return True
        texts = _texts(message.headers)
        if message.topic.endswith(DEAD_LETTER_SUFFIX):
            return texts.get(layout.ID) in self._known.letters
        return texts.get(_ID) in self._known.ids


@dataclass(frozen=True, kw_only=True)
class ServiceReplay:
    """Brings a service's restored database to where it was.

    The service's own parts go by `clock`; `means` are those of today.
    """

    service: Service
    broker: GroupedBroker
    database: Database
    means: Means
    clock: LogClock
    time_out: TimeOut | None = None

    async def run(self, since: datetime, *, dry_run: bool = False) -> Replayed:
        """Handle again what was handled since a time before the backup.

        What the database has already is known by its id. A dry run only counts. Raises StillRunning
        and, where a server goes away, Outage: run it again then.
        """
        await self._require_stopped()
        published = await self._published(since)
        records = [
            record
            async for record in records_since(self.broker, self.service.consumer.topics, since)
            if f"{self.service.name}/{record.position}" not in published.letters
        ]
        steps = sorted(self._steps(records, published), key=_place)
        lacking = _Lacking(self.broker, published)
        if not dry_run:
            await self._take(steps)
            relay = Relay(self.database.outbox, lacking, self.means)
            while await relay.sweep():
                pass
        return Replayed(
            app=self.service.name,
            since=since,
            messages=len(records),
            timers=len(steps) - len(records),
            published=lacking.published,
            by_hand=tuple(published.admins),
            dry_run=dry_run,
        )

    async def _require_stopped(self) -> None:
        if members := await self.broker.size_of(self.service.name):
            msg = (
                f"{members} processes of {self.service.name} are running, and would handle new "
                "messages before the old ones: stop them first, and start them afterwards"
            )
            raise StillRunning(msg)

    async def _published(self, since: datetime) -> _Published:
        written = set(self.service.topics) - set(self.service.consumer.topics)
        published = _Published()
        async for record in records_since(self.broker, sorted(written), since):
            published.add(record, self.service.name)
        return published

    def _steps(self, records: Iterable[Record], published: _Published) -> Iterable[Step]:
        for record in records:
            yield published.when(record), partial(self.service.consumer.dispatcher.handle, [record])
        if self.time_out is not None:
            for order_id, at in published.of(TIMED_OUT_BY).items():
                yield _When(came_to_nothing=False, at=at), partial(self.time_out, OrderId(order_id))

    async def _take(self, steps: Iterable[Step]) -> None:
        for when, act in steps:
            self.clock.at = when.at
            await act()


def _place(step: Step) -> _When:
    return step[0]


def _texts(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {name: raw.decode(errors="replace") for name, raw in headers}
