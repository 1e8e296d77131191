"""Replays what a service handled, on a database that was restored from a backup.

The log tells what was handled and when: each message that a service publishes names its cause and
its own time. So everything is handled again in that order and at that time, and comes to the same;
only what the log lacks is published.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from apps.operations.as_told import AsTold, OutOfTurn
from apps.operations.log_since import records_since
from apps.orders.timeouts import TIMED_OUT_BY
from apps.runtime.servers import Database
from apps.runtime.service import Service
from tradex_core.errors import Hopeless, TradexError
from tradex_core.events import codec, topics
from tradex_core.events.fields import Wire
from tradex_core.events.topics import DEAD_LETTER_SUFFIX
from tradex_core.events.user import UserRegistered
from tradex_core.ids import OrderId
from tradex_core.messaging import dead_letters as layout
from tradex_core.messaging.broker import Broker, Message, Record
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.opening import Opening
from tradex_core.messaging.relay import Relay
from tradex_core.users.ports import UserDirectory

_ID: Final = "ce_id"
_MADE_BY_HAND: Final = "create-admin/"
_FIRST_STEP_BACK: Final = timedelta(hours=1)
_LONGEST_WAIT: Final = timedelta(days=7)
"""For how long a command is kept: what waited longer than that is nowhere any more."""

TimeOut = Callable[[OrderId], Awaitable[None]]


class _When(NamedTuple):
    """Where a message has its place: what came to nothing changed nothing, and comes last.

    As does what nobody knows of, because it was handled too late to be published, or not at all.
    """

    came_to_nothing: bool
    was_overtaken: bool
    at: datetime


Step = tuple[_When, Callable[[], Awaitable[None]]]


class StillRunning(TradexError):
    """A service handles messages while its database is to be brought up to date."""


class Missing(TradexError):
    """What the topics tell cannot have come of what they hold since the time that was named."""


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
    letters: set[tuple[str, bytes | None]] = field(default_factory=set)
    times: dict[str, datetime] = field(default_factory=dict)

    def add(self, record: Record, source: str) -> str | None:
        """Take note of a record; return the cause of one that the service published."""
        texts = _texts(record.headers)
        if record.topic.endswith(DEAD_LETTER_SUFFIX):
            self.letters.add((texts.get(layout.ID, ""), record.value))
        elif texts.get("ce_source") == source:
            try:
                message_id, at = texts[_ID], datetime.fromisoformat(texts["ce_time"])
            except (KeyError, ValueError):  # no service wrote that
                return None
            self.ids.add(message_id)
            cause = texts.get("causation-id", "")
            self.times[cause] = min(at, self.times.get(cause, at))
            if cause.startswith(_MADE_BY_HAND):
                self.admins.append(codec.decode(record.value or b"", UserRegistered).email)
            return cause
        return None

    def lacks_cause_in(self, openings: Iterable[Opening]) -> bool:
        """Whether something came of a message that is not among these."""
        causes = {c for c in self.times if not c.startswith((_MADE_BY_HAND, TIMED_OUT_BY))}
        return not causes <= {opening.id for opening in openings}

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
            return (texts.get(layout.ID), message.value) in self._known.letters
        return texts.get(_ID) in self._known.ids


@dataclass(frozen=True, kw_only=True)
class ServiceReplay:
    """Brings a service's restored database to where it was.

    The service's own parts go by `clock`; `means` are those of today. Where its handlers go by what
    is `told`, they may raise OutOfTurn. `directory` knows the accounts, where it has some.
    """

    service: Service
    broker: GroupedBroker
    database: Database
    means: Means
    clock: LogClock
    time_out: TimeOut | None = None
    told: AsTold[Any, Any] | None = None
    directory: UserDirectory | None = None

    async def run(self, since: datetime, *, dry_run: bool = False) -> Replayed:
        """Handle again what was handled since a time before the backup.

        What the database has already is known by its id. A dry run only counts. Raises
        StillRunning, Missing and, where a server goes away, Outage: run it again then.
        """
        await self._require_stopped()
        published = await self._published(since)
        read = await self._read(since, published)
        given_up = self._given_up(read, published)
        openings = [each for each in read if not given_up(each)]
        steps = sorted(self._steps(openings, published), key=_place)
        lacking = _Lacking(self.broker, published)
        if not dry_run:
            await self._take(steps, partial(self._unparking, given_up, published))
            relay = Relay(self.database.outbox, lacking, self.means)
            while await relay.sweep():
                pass
        return Replayed(
            app=self.service.name,
            since=since,
            messages=len(openings),
            timers=len(published.of(TIMED_OUT_BY)),
            published=lacking.published,
            by_hand=await self._lost(published.admins),
            dry_run=dry_run,
        )

    async def _lost(self, admins: Iterable[str]) -> tuple[str, ...]:
        """Return the addresses of accounts that are not in the database."""
        if self.directory is None:
            return ()
        found = [(admin, await self.directory.find_by_email(admin)) for admin in admins]
        return tuple(admin for admin, user in found if user is None)

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
            cause = published.add(record, self.service.name)
            if self.told is not None and cause is not None:
                self.told.note(record, cause)
        return published

    async def _read(self, since: datetime, published: _Published) -> Sequence[Opening]:
        """Read what was sent since, and before where something of that was handled since."""
        back, dispatcher = _FIRST_STEP_BACK, self.service.consumer.dispatcher
        while True:
            read = records_since(self.broker, self.service.consumer.topics, since)
            openings = [dispatcher.open(record) async for record in read]
            if back > _LONGEST_WAIT or not published.lacks_cause_in(openings):
                return openings
            since, back = since - back, back * 4

    def _given_up(
        self, openings: Sequence[Opening], published: _Published
    ) -> Callable[[Opening], bool]:
        """Return what tells dead letters, and their repetitions, from what was handled.

        Anybody may have written a letter: what can be handled, and something came of, was none,
        unless an operator sent it again.
        """
        decided: dict[str, int] = {}
        for each in openings:
            decided[each.origin] = max(each.replays, decided.get(each.origin, 0))

        def is_letter(each: Opening) -> bool:
            letter = f"{self.service.name}/{each.record.position}", each.record.value
            came_to_nothing = each.opened is None or each.id not in published.times
            is_decided = each.replays < decided.get(each.origin, 0)
            return letter in published.letters and (came_to_nothing or is_decided)

        letters = {each.handled_id for each in openings if each.opened and is_letter(each)}
        return lambda each: each.handled_id in letters or is_letter(each)

    async def _unparking(
        self, given_up: Callable[[Opening], bool], published: _Published
    ) -> Sequence[Step]:
        """Return what lets go of messages that are parked, in the backup or behind one that was.

        What nobody was told of stays parked, for the service to try again.
        """
        dispatcher, steps = self.service.consumer.dispatcher, list[Step]()
        for parked in await self.database.parking.all_parked(self.service.name):
            opening = dispatcher.open(parked.record)
            if given_up(opening):
                error = Hopeless("it was given up after the backup had been made")
                act = partial(dispatcher.give_up, parked, error)
                steps.append((_told_at(parked.first_failed_at), act))
            elif at := published.times.get(opening.id):
                steps.append((_told_at(at), partial(dispatcher.retry, parked)))
        return steps

    def _steps(self, openings: Iterable[Opening], published: _Published) -> Iterable[Step]:
        for each in openings:
            act = partial(self.service.consumer.dispatcher.handle, [each.record])
            yield self._when(each.record, published.times.get(each.id)), act
        if self.time_out is not None:
            for order_id, at in published.of(TIMED_OUT_BY).items():
                yield _told_at(at), partial(self.time_out, OrderId(order_id))

    def _when(self, record: Record, handled_at: datetime | None) -> _When:
        """Return a record's place; where nothing came of it, it goes by when it was sent.

        A reservation, say, of an order that had been cancelled meanwhile: it must find it so.
        """
        if handled_at is not None:
            return _told_at(handled_at)
        overtaken = self.told is not None and record.topic in self.told.overtaken
        return _When(came_to_nothing=True, was_overtaken=overtaken, at=record.timestamp)

    async def _take(
        self, steps: Iterable[Step], unparking: Callable[[], Awaitable[Sequence[Step]]]
    ) -> None:
        """Handle what the topics tell of, each in its turn, and then the rest."""
        told, rest = list[Step](), list[Step]()
        for step in steps:
            (rest if step[0].came_to_nothing else told).append(step)
        parked = await unparking()
        while told or parked:
            told, parked = await self._take_in_turn(told, parked), await unparking()
        while rest:
            rest = await self._take_in_turn(rest, ())

    async def _take_in_turn(self, steps: Sequence[Step], unparking: Sequence[Step]) -> list[Step]:
        """Take the steps whose turn has come; return the others. Raises Missing where all wait."""
        early, reason, taken = list[Step](), "", 0
        for step in sorted((*steps, *unparking), key=_place):
            self.clock.at = step[0].at
            try:
                await step[1]()
                taken += 1
            except OutOfTurn as error:
                early.append(step)
                reason = reason or str(error)
        if not taken:
            msg = (
                f"{self.service.name}: {len(early)} messages cannot be handled again as they "
                f"were, since {reason}; something before them is missing: name a --since from "
                "before the backup began"
            )
            raise Missing(msg)
        return [step for step in early if step not in unparking]


def _told_at(at: datetime) -> _When:
    return _When(came_to_nothing=False, was_overtaken=False, at=at)


def _place(step: Step) -> _When:
    return step[0]


def _texts(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {name: raw.decode(errors="replace") for name, raw in headers}
