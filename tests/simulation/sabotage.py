"""Ten ways to break the platform on purpose, each a small change that somebody might make."""

from collections.abc import AsyncIterator, Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any, Final
from unittest.mock import patch

from msgspec.structs import replace
from tests.simulation import wiring
from tests.simulation.brokers import SimulatedBroker
from tests.simulation.process import Process
from tests.simulation.stores import SimulatedUnit
from tests.simulation.world import World

from adapters.memory.outbox import MemoryLease, MemoryOutbox
from adapters.memory.unit_of_work import MemoryUnitOfWork
from apps.orders.timeouts import Timeouts
from tradex_core.events.fields import Command
from tradex_core.events.topics import COMMAND_REPLIES
from tradex_core.messaging.broker import Message
from tradex_core.messaging.consume import Consumer
from tradex_core.operations.idempotency import IdempotencyRecord
from tradex_core.operations.submit import Request, Submission, Ticket
from tradex_core.products.movement import Movement, MovementStatus
from tradex_core.views import product_view
from tradex_core.views.product_view import ProductView

Sabotage = Callable[[], AbstractContextManager[None]]


@contextmanager
def no_inbox_check() -> Iterator[None]:
    """Nobody looks whether a message was handled before."""

    async def handled(self: MemoryUnitOfWork, deliveries: Sequence[Any]) -> Collection[Any]:
        return set()

    with patch.object(MemoryUnitOfWork, "handled", handled):
        yield


@contextmanager
def publish_before_commit() -> Iterator[None]:
    """What a message causes is published, and then its effect is committed."""
    with _published_first(lambda _message: True):
        yield


@contextmanager
def reply_before_effect() -> Iterator[None]:
    """The client is answered, and then the effect is committed."""
    with _published_first(lambda message: message.topic == COMMAND_REPLIES):
        yield


@contextmanager
def offsets_first() -> Iterator[None]:
    """Offsets are committed, and then the batch is handled."""

    async def handle(self: Consumer[Any], records: Any) -> None:  # noqa: ANN401
        assert self._subscription is not None
        await self._subscription.commit(records)
        await self.dispatcher.handle(records)

    with patch.object(Consumer, "_handle", handle):
        yield


@contextmanager
def released_twice() -> Iterator[None]:
    """Stock is given back without a look at whether it was given back before."""
    counted = {MovementStatus.HELD, MovementStatus.RELEASED}
    is_held = property(lambda self: self.state.status in counted)
    with patch.object(Movement, "is_held", is_held):
        yield


@contextmanager
def forgotten_timeout() -> Iterator[None]:
    """Nobody looks for orders that are overdue."""

    async def sweep(self: Timeouts) -> int:
        return 0

    with patch.object(Timeouts, "sweep", sweep):
        yield


@contextmanager
def parking_lets_pass() -> Iterator[None]:
    """A message is handled though an earlier one of its key is parked."""

    async def occupied(self: MemoryUnitOfWork, lanes: Collection[Any]) -> Collection[Any]:
        return set()

    with patch.object(MemoryUnitOfWork, "occupied", occupied):
        yield


@contextmanager
def key_written_late() -> Iterator[None]:
    """An idempotency key is looked up first, and written down once the command is published."""
    publish = Submission.publish

    async def opened(self: Submission, request: Request, *, refusal: bytes | None = None) -> Ticket:
        owner = request.actor.user_id
        issued = self._operation_ids.issue(owner=owner, command=request.command.command)
        records = self._records._inner._records  # type: ignore[attr-defined]  # noqa: SLF001
        kept = records.get(request.scope)
        if kept is None:
            return Ticket(issued, replayed=False, refusal=refusal)
        return Ticket(kept.operation_id, replayed=True, refusal=kept.refusal)

    async def published(self: Submission, request: Request, ticket: Ticket) -> Command:
        command = await publish(self, request, ticket)
        if request.scope is not None:
            digest = request.digest(ticket.operation_id)
            record = IdempotencyRecord(digest, ticket.operation_id, self._clock.now())
            await self._records.claim(request.scope, record)
        return command

    with patch.object(Submission, "open", opened), patch.object(Submission, "publish", published):
        yield


@contextmanager
def relay_ignores_buckets() -> Iterator[None]:
    """Relays share out rows instead of keys: each takes the oldest that no other has."""
    taken: set[int] = set()

    @asynccontextmanager
    async def lease(self: MemoryOutbox, *, now: datetime, limit: int) -> AsyncIterator[MemoryLease]:
        rows = [(bucket, row) for bucket in self._buckets for row in bucket.ready(now)]
        free = [(bucket, row) for bucket, row in rows if id(row) not in taken][:1]
        taken.update(id(row) for _, row in free)
        try:
            yield MemoryLease(free)
        finally:
            taken.difference_update(id(row) for _, row in free)

    with patch.object(MemoryOutbox, "lease", lease):
        yield


@contextmanager
def view_takes_old_version() -> Iterator[None]:
    """A product's view takes whatever stock comes last."""

    def with_stock(view: ProductView, stock: int, *, version: int, at: datetime) -> ProductView:
        return replace(view, stock=stock, version=version, updated_at=at)

    with patch.object(product_view, "_with_stock", with_stock):
        yield


SABOTAGES: Final[dict[str, Sabotage]] = {
    "no inbox check": no_inbox_check,
    "publish before commit": publish_before_commit,
    "offsets committed first": offsets_first,
    "released twice": released_twice,
    "a timeout forgotten": forgotten_timeout,
    "parking that lets a later message pass": parking_lets_pass,
    "an idempotency record written after publishing": key_written_late,
    "a relay that ignores buckets": relay_ignores_buckets,
    "a view that takes an old version": view_takes_old_version,
    "a reply before the effect": reply_before_effect,
}


@contextmanager
def _published_first(which: Callable[[Message], bool]) -> Iterator[None]:
    brokers: dict[Process, SimulatedBroker] = {}
    broker_of, commit = wiring.broker_of, SimulatedUnit.commit

    def remembered(process: Process, world: World) -> SimulatedBroker:
        return brokers.setdefault(process, broker_of(process, world))

    async def commit_after(self: SimulatedUnit) -> None:
        inner = self._inner
        outgoing = inner.messages
        await brokers[self._link.process].publish([m for m in outgoing if which(m)])
        inner.messages = [m for m in outgoing if not which(m)]
        await commit(self)

    with (
        patch.object(wiring, "broker_of", remembered),
        patch.object(SimulatedUnit, "commit", commit_after),
    ):
        yield
