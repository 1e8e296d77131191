"""A service for tests of the messaging: it writes down what it handles, in a journal a key.

What went wrong with order, loss and doubles can be read in its journals, and it fails when told to.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

import msgspec
from tests.builders.machines import FakeClock, FlakyBroker, RecordingObserver, means
from tests.builders.messages import SIGNATURES

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from tradex_core.aggregate import Aggregate
from tradex_core.errors import InvalidInput, Refusal
from tradex_core.events import topics
from tradex_core.events.order import CancelOrder, CreateOrder, OrderStatus, OrderUpdated
from tradex_core.events.stock import StockReserved
from tradex_core.events.user import LoginUser
from tradex_core.ids import MessageId
from tradex_core.messaging import workspace
from tradex_core.messaging.broker import Broker, Message, Record
from tradex_core.messaging.dispatch import Dispatcher
from tradex_core.messaging.opening import Opener
from tradex_core.messaging.operating import DeadLetters
from tradex_core.messaging.relay import Relay
from tradex_core.messaging.retry import Backoff
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.messaging.tracing import UNTRACED, Tracer, traced
from tradex_core.messaging.unit_of_work import Delivery, Need

JOURNALS = "journals"


class JournalState(msgspec.Struct, frozen=True):
    key: str
    entries: tuple[str, ...] = ()


class Journal(Aggregate[JournalState]):
    """What was handled of one key, in order."""

    def write(self, entry: str, clock: FakeClock) -> None:
        state = JournalState(self.state.key, (*self.state.entries, entry))
        event = OrderUpdated(
            order_id=self.state.key,
            status=OrderStatus.CONFIRMED,
            updated_at=clock.now(),
            reason=entry,
        )
        self.change(state, event)


class JournalUnit(MemoryUnitOfWork):
    """A unit of work that can be cut off from its store before or after it commits."""

    def __init__(self, database: "JournalDatabase") -> None:
        super().__init__(database)
        self._cut = database

    def journal(self, key: str) -> Journal:
        found: Journal | None = self.find(JOURNALS, key)
        if found is None:
            found = Journal(JournalState(key))
            self.add(JOURNALS, found)
        return found

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        await self._cut.meanwhile()
        return await super().handled(deliveries)

    async def load(self, needs: Iterable[Need]) -> None:
        self._cut.pass_by("load")
        await super().load(needs)

    async def commit(self) -> None:
        self._cut.pass_by("commit")
        await super().commit()
        self._cut.pass_by("committed")


class JournalDatabase(MemoryDatabase):
    """A database whose next calls fail when told to."""

    def __init__(self, clock: FakeClock) -> None:
        journals = workspace.Collection(Journal, lambda journal: journal.key)
        super().__init__({JOURNALS: journals}, clock=clock)
        self.failures: dict[str, list[Exception | None]] = {}
        self.meantime: list[Callable[[], Awaitable[None]] | None] = []

    async def meanwhile(self) -> None:
        """Let happen what is to happen before the next unit looks into the inbox."""
        happens = self.meantime.pop(0) if self.meantime else None
        if happens is not None:
            await happens()

    def fail(self, call: str, *errors: Exception | None) -> None:
        """Let the next calls raise: `load`, `commit` (nothing written), `committed` (written).

        None lets one pass.
        """
        self.failures.setdefault(call, []).extend(errors)

    def pass_by(self, call: str) -> None:
        waiting = self.failures.get(call)
        error = waiting.pop(0) if waiting else None
        if error is not None:
            raise error

    def entries(self, key: str) -> list[str]:
        """Return what the journal of a key has."""
        state: JournalState | None = self.read(JOURNALS, key)
        return [] if state is None else list(state.entries)


class JournalService:
    """A whole consumer on memory: its dispatcher, its relay, its dead letters, all hand-driven.

    `CREATE_ORDER` writes its product into the journal of its message key, `CANCEL_ORDER` and
    `stock.reserved` write their message's id into their order's. `LOGIN_USER` is prepared first.
    What is reserved for orders of `no_concern` is passed over.
    """

    def __init__(
        self,
        *,
        hold: frozenset[str] = frozenset(),
        unsigned_accepted: bool = True,
        backoff: Backoff | None = None,
        name: str = "journals",
        broker: Broker | None = None,
        tracer: Tracer = UNTRACED,
    ) -> None:
        self.name = name
        self.clock = FakeClock()
        self.observer = RecordingObserver()
        self.means = means(self.clock, observer=self.observer, backoff=backoff, tracer=tracer)
        self.database = JournalDatabase(self.clock)
        self.log: Broker = broker or MemoryBroker(self.clock)
        self.broker = FlakyBroker(self.log)
        self.troubles: dict[str, list[Exception]] = {}
        self.refused: set[str] = set()
        self.no_concern: set[str] = set()
        self.late_refusals: list[str] = []
        self.answers: dict[str, object] = {}
        self.prepared: list[str] = []
        self.opener = Opener(
            name, self.routes(), signatures=SIGNATURES, unsigned_accepted=unsigned_accepted
        )
        self.dispatcher: Dispatcher[JournalUnit] = Dispatcher(
            name, self.opener, self.unit, self.database.parking, self.means, hold=hold
        )
        self.relay = Relay(self.database.outbox, traced(self.broker, tracer), self.means)
        self.dead_letters = DeadLetters(self.broker, self.routes().topics, SIGNATURES)

    def unit(self) -> JournalUnit:
        return JournalUnit(self.database)

    def routes(self) -> Routes[JournalUnit]:
        return Routes(
            commands={
                CreateOrder: Handler(
                    payload=CreateOrder,
                    needs=lambda command, _: [(JOURNALS, command.key)],
                    handle=self._create,
                ),
                CancelOrder: Handler(
                    payload=CancelOrder,
                    needs=lambda command, _: [(JOURNALS, command.key)],
                    handle=self._cancel,
                ),
                LoginUser: Handler(
                    payload=LoginUser,
                    needs=self._needs_of_login,
                    prepare=self._prepare,
                    handle=self._log_in,
                ),
            },
            events={
                StockReserved: Handler(
                    payload=StockReserved,
                    needs=lambda event, _: [(JOURNALS, event.order_id)],
                    handle=self._reserved,
                    concerns=lambda event: event.order_id not in self.no_concern,
                ),
            },
        )

    def trouble(self, entry: str, *errors: Exception) -> None:
        """Let the handling of an entry fail, once for each error."""
        self.troubles.setdefault(entry, []).extend(errors)

    async def start(self) -> None:
        """Make every topic."""
        await self.log.apply(topics.all_topics())

    async def publish(self, *messages: Message) -> list[Record]:
        """Publish to the log and return the records that came of it."""
        before = {topic: await self.log.offsets(topic) for topic in {m.topic for m in messages}}
        assert [None] * len(messages) == await self.log.publish(messages)
        records: list[Record] = []
        for topic, partitions in before.items():
            for partition, (_, end) in partitions.items():
                records += await self.log.read(topic, partition, start=end, limit=10_000)
        return records

    async def receive(self, *messages: Message) -> None:
        """Publish messages and handle them as one batch."""
        await self.dispatcher.handle(await self.publish(*messages))

    async def records(self, topic: str) -> list[Record]:
        """Return everything that a topic holds, by partition."""
        return [
            record
            for partition in await self.log.offsets(topic)
            for record in await self.log.read(topic, partition, start=0, limit=10_000)
        ]

    async def retry(self, times: int = 1) -> None:
        """Try what is due, so many times, as late as it takes."""
        for _ in range(times):
            self.clock.advance(seconds=31)
            await self.dispatcher.retry_due()

    async def consume(self) -> None:
        """Handle every topic from its start on, as a member that never committed an offset."""
        for topic in self.routes().topics:
            if records := await self.records(topic):
                await self.dispatcher.handle(records)

    async def settle(self) -> None:
        """Publish what the outbox holds."""
        while await self.relay.sweep():
            pass

    async def replies(self) -> list[Record]:
        """Publish what waits and return the answers to commands."""
        await self.settle()
        return await self.records(topics.COMMAND_REPLIES)

    async def parked(self) -> list[str]:
        """Return where what is parked lies, in order."""
        return [p.record.position for p in await self.database.parking.all_parked(self.name)]

    def _write(self, unit: JournalUnit, key: str, entry: str) -> None:
        journal = unit.journal(key)
        if self.troubles.get(entry):
            error = self.troubles[entry].pop(0)
            if isinstance(error, Refusal):
                self.refused.add(entry)
            else:
                journal.write(f"half of {entry}", self.clock)
            raise error
        journal.write(entry, self.clock)
        if entry in self.late_refusals:
            self.late_refusals.remove(entry)
            msg = "too late"
            raise InvalidInput(msg)

    def _create(self, unit: JournalUnit, command: CreateOrder, _: Context) -> object:
        product_id = command.items[0].product_id
        self._write(unit, command.key, product_id)
        return self.answers.get(product_id, unit.journal(command.key).state)

    def _cancel(self, unit: JournalUnit, command: CancelOrder, context: Context) -> None:
        self._write(unit, command.key, context.given_id)

    def _reserved(self, unit: JournalUnit, event: StockReserved, context: Context) -> None:
        self._write(unit, event.order_id, context.given_id)

    def _needs_of_login(self, command: LoginUser, _: Context) -> list[Need]:
        if troubles := self.troubles.get(f"needs {command.key}"):
            raise troubles.pop(0)
        return [(JOURNALS, command.key)]

    async def _prepare(self, command: LoginUser, _: Context) -> str:
        self.prepared.append(command.key)
        if troubles := self.troubles.get(f"prepare {command.key}"):
            raise troubles.pop(0)
        await asyncio.sleep(0)
        return f"prepared {command.key}"

    def _log_in(self, unit: JournalUnit, command: LoginUser, context: Context) -> None:
        self._write(unit, command.key, context.prepared)
