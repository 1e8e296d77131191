"""Replays what a service handled, on a database that was restored from a backup.

The log tells what was handled and when: each message that a service publishes names its cause and
its own time. So everything is handled again in its turn and at that time, and comes to the same;
only what the log lacks is published.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple, Protocol

from apps.operations.as_told import AsTold, OutOfTurn
from apps.operations.log_since import records_since
from apps.operations.published import Lacking, Published
from apps.orders.timeouts import TIMED_OUT_BY
from apps.runtime.servers import Database
from apps.runtime.service import Service
from tradex_core.errors import Hopeless, TradexError
from tradex_core.events.fields import Wire
from tradex_core.ids import OrderId
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.opening import Opening
from tradex_core.messaging.relay import Relay
from tradex_core.users.ports import UserDirectory

_FIRST_STEP_BACK: Final = timedelta(hours=1)
_LONGEST_WAIT: Final = timedelta(days=7)
"""For how long a command is kept: what waited longer than that is nowhere any more."""

TimeOut = Callable[[OrderId], Awaitable[None]]


class _Step(NamedTuple):
    """Something to be done again, and when it was done first."""

    at: datetime
    act: Callable[[], Awaitable[None]]


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
        lacking = Lacking(self.broker, published)
        if not dry_run:
            await self._handle(openings, published, given_up)
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

    async def _published(self, since: datetime) -> Published:
        written = set(self.service.topics) - set(self.service.consumer.topics)
        published = Published()
        async for record in records_since(self.broker, sorted(written), since):
            cause = published.add(record, self.service.name)
            if self.told is not None and cause is not None:
                self.told.note(record, cause)
        return published

    async def _read(self, since: datetime, published: Published) -> Sequence[Opening]:
        """Read what was sent since, and before where something of that was handled since."""
        back, dispatcher = _FIRST_STEP_BACK, self.service.consumer.dispatcher
        while True:
            read = records_since(self.broker, self.service.consumer.topics, since)
            openings = [dispatcher.open(record) async for record in read]
            if back > _LONGEST_WAIT or not published.lacks_cause_in(openings):
                return openings
            since, back = since - back, back * 4

    def _given_up(
        self, openings: Sequence[Opening], published: Published
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

    async def _handle(
        self,
        openings: Sequence[Opening],
        published: Published,
        given_up: Callable[[Opening], bool],
    ) -> None:
        """Handle what the topics tell of, each in its turn, and then the rest."""
        told, rest = self._told_steps(openings, published), self._other_steps(openings, published)
        parked = await self._parked_steps(published, given_up)
        while told or parked:
            told = await self._take_in_turn(told, parked)
            parked = await self._parked_steps(published, given_up)
        while rest:
            rest = await self._take_in_turn(rest)

    def _told_steps(self, openings: Iterable[Opening], published: Published) -> Sequence[_Step]:
        steps = [
            _Step(published.times[each.id], self._handling(each))
            for each in openings
            if each.id in published.times
        ]
        if self.time_out is not None:
            for order_id, at in published.of(TIMED_OUT_BY).items():
                steps.append(_Step(at, partial(self.time_out, OrderId(order_id))))
        return sorted(steps, key=_at)

    def _other_steps(self, openings: Iterable[Opening], published: Published) -> Sequence[_Step]:
        """Return the steps of what nobody was told of, by when it was sent.

        Some came to nothing: a reservation, say, of an order that had been cancelled meanwhile,
        which it must find so. Others were handled too late to be published, or not at all.
        """
        records = [each for each in openings if each.id not in published.times]
        overtaken = frozenset[str]() if self.told is None else self.told.overtaken
        records.sort(key=lambda each: (each.record.topic in overtaken, each.record.timestamp))
        return [_Step(each.record.timestamp, self._handling(each)) for each in records]

    def _handling(self, opening: Opening) -> Callable[[], Awaitable[None]]:
        return partial(self.service.consumer.dispatcher.handle, [opening.record])

    async def _parked_steps(
        self, published: Published, given_up: Callable[[Opening], bool]
    ) -> Sequence[_Step]:
        """Return what lets go of messages that are parked, in the backup or behind one that was.

        What nobody was told of stays parked, for the service to try again.
        """
        dispatcher, steps = self.service.consumer.dispatcher, list[_Step]()
        for parked in await self.database.parking.all_parked(self.service.name):
            opening = dispatcher.open(parked.record)
            if given_up(opening):
                error = Hopeless("it was given up after the backup had been made")
                act = partial(dispatcher.give_up, parked, error)
                steps.append(_Step(parked.first_failed_at, act))
            elif at := published.times.get(opening.id):
                steps.append(_Step(at, partial(dispatcher.retry, parked)))
        return steps

    async def _take_in_turn(
        self, steps: Sequence[_Step], parked: Sequence[_Step] = ()
    ) -> Sequence[_Step]:
        """Take the steps whose turn has come; return the others, but for what is parked.

        Raises Missing where all of them wait.
        """
        early, reasons = list[_Step](), list[str]()
        both = sorted((*steps, *parked), key=_at) if parked else steps
        for step in both:
            self.clock.at = step.at
            try:
                await step.act()
            except OutOfTurn as error:
                early.append(step)
                reasons.append(str(error))
        if len(early) == len(both):
            msg = (
                f"{self.service.name}: {len(early)} messages cannot be handled again as they "
                f"were, since {reasons[0]}; something before them is missing: name a --since "
                "from before the backup began"
            )
            raise Missing(msg)
        return [step for step in early if step not in parked]


def _at(step: _Step) -> datetime:
    return step.at
