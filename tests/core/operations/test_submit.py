import asyncio
from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest
from tests.builders.machines import NOW, FakeClock, FlakyBroker, SeededEntropy, until
from tests.builders.messages import BUYER, SIGNATURES, cancel_order, create_order, value_of

from adapters.memory.broker import MemoryBroker
from adapters.memory.idempotency import MemoryIdempotencyRecords
from tradex_core.clock import epoch_ms
from tradex_core.errors import Outage, OutcomeUnknown, Unpublishable
from tradex_core.events import topics
from tradex_core.events.envelope import read_envelope
from tradex_core.events.fields import Command
from tradex_core.events.order import CreateOrder
from tradex_core.ids import MessageId, OperationId
from tradex_core.messaging.broker import Message, Record
from tradex_core.operations.errors import IdempotencyKeyReused, Unavailable
from tradex_core.operations.idempotency import (
    IdempotencyRecord,
    IdempotencyRecords,
    IdempotencyScope,
)
from tradex_core.operations.operation_id import OperationIds
from tradex_core.operations.submit import NOBODY, Request, Submission, Ticket

SCOPE = IdempotencyScope(caller=BUYER.user_id, route="POST /v1/orders", key="once")


class Gateway:
    """A submission, and the broker and records that it works with."""

    def __init__(self, *, limit: int = 10, records: IdempotencyRecords | None = None) -> None:
        self.clock = FakeClock()
        self.log = MemoryBroker(self.clock)
        self.broker = FlakyBroker(self.log)
        self.ids = OperationIds(b"key", clock=self.clock, entropy=SeededEntropy())
        self.submission = Submission(
            self.broker,
            records or MemoryIdempotencyRecords(),
            self.ids,
            SIGNATURES,
            clock=self.clock,
            limit=limit,
        )

    async def submit(self, request: Request) -> Ticket:
        ticket = await self.submission.open(request)
        await self.submission.publish(request, ticket)
        return ticket

    async def published(self) -> list[Record]:
        return [
            record
            for partition in await self.log.offsets(topics.ORDER_COMMANDS)
            for record in await self.log.read(topics.ORDER_COMMANDS, partition, start=0, limit=1000)
        ]


@pytest.fixture
async def gateway() -> Gateway:
    gateway = Gateway()
    await gateway.log.apply(topics.all_topics())
    return gateway


def order_of(operation_id: OperationId) -> Command:
    return create_order(order_id=operation_id)


def a_request(
    *,
    scope: IdempotencyScope | None = None,
    digest: bytes = b"body",
    patience: timedelta | None = None,
) -> Request:
    return Request(
        command=CreateOrder,
        build=order_of,
        actor=BUYER,
        scope=scope,
        digest=lambda _: digest,
        patience=patience,
        traceparent="00-1-2-01",
        tracestate="a=b",
    )


async def test_a_command_is_published_with_who_asked_signed(gateway: Gateway) -> None:
    ticket = await gateway.submit(a_request())
    [record] = await gateway.published()
    assert value_of(order_of(ticket.operation_id)) == record.value
    assert ticket.operation_id.encode() == record.key
    envelope, has_id = read_envelope(
        record.headers, fallback_id=MessageId("none"), fallback_time=record.timestamp
    )
    assert has_id
    assert BUYER == SIGNATURES.verify(envelope, record.value or b"")
    assert ("CREATE_ORDER", "gateway", NOW) == (envelope.type, envelope.source, envelope.time)
    assert {str(ticket.operation_id)} == {str(envelope.id), envelope.correlation_id}
    assert ("00-1-2-01", "a=b") == (envelope.traceparent, envelope.tracestate)
    assert envelope.deadline_ms is None


async def test_the_operation_is_its_askers(gateway: Gateway) -> None:
    ticket = await gateway.submit(a_request())
    for owner, command in ((BUYER.user_id, "CREATE_ORDER"), ("somebody", None)):
        assert command == gateway.ids.recognise(
            ticket.operation_id, owner=owner, commands=["CREATE_ORDER"]
        )


async def test_what_nobody_who_is_signed_in_asked_for_is_signed_too(gateway: Gateway) -> None:
    await gateway.submit(msgspec.structs.replace(a_request(), actor=NOBODY))
    [record] = await gateway.published()
    assert b"anonymous" == dict(record.headers)["actor-id"]


async def test_a_command_that_somebody_waits_for_has_a_deadline(gateway: Gateway) -> None:
    await gateway.submit(a_request(patience=timedelta(seconds=5)))
    [record] = await gateway.published()
    assert str(epoch_ms(NOW) + 5000).encode() == dict(record.headers)["deadline"]


async def test_without_a_key_each_request_is_its_own(gateway: Gateway) -> None:
    tickets = [await gateway.submit(a_request()) for _ in range(3)]
    assert 3 == len({ticket.operation_id for ticket in tickets})
    assert not any(ticket.replayed for ticket in tickets)


async def test_the_same_key_and_body_are_the_same_operation_and_the_same_command(
    gateway: Gateway,
) -> None:
    request = a_request(scope=SCOPE)
    first, again = await gateway.submit(request), await gateway.submit(request)
    assert Ticket(first.operation_id, replayed=True) == again
    assert not first.replayed
    [one, other] = await gateway.published()
    assert (one.key, one.value, one.headers) == (other.key, other.value, other.headers)


async def test_the_same_key_with_another_body_is_refused(gateway: Gateway) -> None:
    await gateway.submit(a_request(scope=SCOPE))
    with pytest.raises(IdempotencyKeyReused):
        await gateway.submit(a_request(scope=SCOPE, digest=b"another"))
    assert 1 == len(await gateway.published())


@pytest.mark.parametrize("field", ["caller", "route", "key"])
async def test_a_key_is_its_callers_for_its_route(gateway: Gateway, field: str) -> None:
    elsewhere = msgspec.structs.replace(SCOPE, **{field: "another"})
    first = await gateway.submit(a_request(scope=SCOPE))
    other = await gateway.submit(a_request(scope=elsewhere, digest=b"another"))
    assert first.operation_id != other.operation_id
    assert not other.replayed


async def test_requests_with_one_key_that_race_are_one_operation(gateway: Gateway) -> None:
    requests = [gateway.submit(a_request(scope=SCOPE)) for _ in range(5)]
    tickets = await asyncio.gather(*requests)
    assert 1 == len({ticket.operation_id for ticket in tickets})
    assert [False, True, True, True, True] == sorted(ticket.replayed for ticket in tickets)


async def test_what_is_refused_under_a_key_is_refused_for_every_repeat(gateway: Gateway) -> None:
    refused = await gateway.submission.open(a_request(scope=SCOPE), refusal=b"no")
    again = await gateway.submission.open(a_request(scope=SCOPE))
    assert [b"no", b"no"] == [refused.refusal, again.refusal]
    assert (False, True) == (refused.replayed, again.replayed)


async def test_what_was_accepted_under_a_key_is_not_refused_any_more(gateway: Gateway) -> None:
    accepted = await gateway.submit(a_request(scope=SCOPE))
    again = await gateway.submission.open(a_request(scope=SCOPE), refusal=b"no")
    assert Ticket(accepted.operation_id, replayed=True) == again


async def test_without_a_key_a_refusal_is_for_this_request_alone(gateway: Gateway) -> None:
    refused = await gateway.submission.open(a_request(), refusal=b"no")
    assert b"no" == refused.refusal
    assert (await gateway.submission.open(a_request())).refusal is None


@pytest.mark.parametrize("error", [Outage("away"), Unpublishable("no such topic")])
async def test_a_command_that_was_surely_not_published_says_so(
    gateway: Gateway, error: Exception
) -> None:
    gateway.broker.refuse = lambda _message: error
    with pytest.raises(Unavailable) as refusal:
        await gateway.submit(a_request())
    assert (True, 1) == (refusal.value.certain, refusal.value.retry_after)
    assert [] == await gateway.published()


async def test_a_command_that_may_have_been_published_says_so(gateway: Gateway) -> None:
    gateway.broker.lose_answers = 1
    with pytest.raises(Unavailable, match="same Idempotency-Key") as refusal:
        await gateway.submit(a_request())
    assert not refusal.value.certain


async def test_a_repeat_after_an_unknown_outcome_is_the_same_operation(gateway: Gateway) -> None:
    gateway.broker.lose_answers = 1
    with pytest.raises(Unavailable):
        await gateway.submit(a_request(scope=SCOPE))
    ticket = await gateway.submit(a_request(scope=SCOPE))
    assert ticket.replayed
    assert {ticket.operation_id.encode()} == {r.key for r in await gateway.published()}


class AwayRecords(MemoryIdempotencyRecords):
    async def claim(self, scope: IdempotencyScope, record: IdempotencyRecord) -> IdempotencyRecord:
        msg = "the database is away"
        raise Outage(msg)


async def test_without_its_records_a_request_with_a_key_is_surely_not_accepted() -> None:
    gateway = Gateway(records=AwayRecords())
    await gateway.log.apply(topics.all_topics())
    with pytest.raises(Unavailable) as refusal:
        await gateway.submit(a_request(scope=SCOPE))
    assert refusal.value.certain
    await gateway.submit(a_request())


class SlowBroker(FlakyBroker):
    def __init__(self, inner: MemoryBroker) -> None:
        super().__init__(inner)
        self.let_go = asyncio.Event()
        self.on_their_way = 0

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        self.on_their_way += 1
        await self.let_go.wait()
        return await super().publish(messages)


async def test_more_than_the_limit_on_their_way_are_surely_not_accepted(gateway: Gateway) -> None:
    slow = SlowBroker(gateway.log)
    submission = Submission(
        slow,
        MemoryIdempotencyRecords(),
        gateway.ids,
        SIGNATURES,
        clock=gateway.clock,
        limit=2,
    )
    request = a_request()
    ticket = await submission.open(request)
    going = [asyncio.create_task(submission.publish(request, ticket)) for _ in range(2)]
    await until(lambda: slow.on_their_way == 2)
    with pytest.raises(Unavailable, match="on their way") as refusal:
        await submission.publish(request, ticket)
    assert refusal.value.certain
    going[0].cancel()
    await asyncio.wait(going[:1])
    slow.let_go.set()
    assert order_of(ticket.operation_id) == await submission.publish(request, ticket)
    await going[1]
    for _ in range(3):
        await submission.publish(request, ticket)


async def test_a_publisher_that_fails_gives_its_place_back(gateway: Gateway) -> None:
    gateway.broker.refuse = lambda _message: OutcomeUnknown("no answer")
    for _ in range(20):
        with pytest.raises(Unavailable, match="may have been accepted"):
            await gateway.submit(a_request())
    gateway.broker.restore()
    await gateway.submit(a_request())


async def test_each_command_goes_to_its_own_topic_under_its_own_key(gateway: Gateway) -> None:
    request = Request(command=type(cancel_order()), build=lambda _: cancel_order(), actor=BUYER)
    await gateway.submit(request)
    [record] = await gateway.published()
    assert cancel_order().key.encode() == record.key
