"""What a replay handles: in which order, at what time, and what it publishes of it."""

from datetime import datetime, timedelta

import pytest
from tests.builders.machines import NOW, FakeClock, means
from tests.builders.messages import (
    OPERATION_ID,
    ORDER_ID,
    SIGNATURES,
    an_event,
    cancel_order,
    create_order,
    signed,
    stock_reserved,
)
from tests.builders.products import a_line
from tests.builders.replays import a_replay
from tests.builders.users import (
    EMAIL,
    PASSWORD,
    SESSION_ID,
    TOKEN,
    USER_ID,
    OpenSealing,
    a_login_command,
    a_register_command,
)

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from adapters.memory.orders import OrdersDatabase
from adapters.memory.users import users_database
from apps.operations.replaying import Replayed, StillRunning
from tradex_core.clock import epoch_ms
from tradex_core.errors import Kind
from tradex_core.events import topics
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderCreated, OrderStatus, OrderUpdated
from tradex_core.events.reply import CommandReplied, OutcomeStatus, ReplyError
from tradex_core.events.user import Role, SealedPassword, UserRegistered
from tradex_core.ids import MessageId
from tradex_core.messaging.dead_letters import dead_letter
from tradex_core.messaging.outgoing import Cause, messages_of
from tradex_core.orders.ports import ORDERS
from tradex_core.users.ports import SESSIONS, USERS

OTHER_ORDER_ID = "018d0c1e-8a00-7000-8000-00000000000d"


class Log:
    """A broker that holds what was sent before a service's database was lost."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.broker = MemoryBroker(self.clock)

    async def answers(self, cause: str, *events: Event, source: str, at: datetime) -> None:
        """Publish what a service once made of a message."""
        told = Cause(MessageId(cause), "a story")
        await self.broker.publish(messages_of(events, cause=told, source=source, at=at))

    async def an_order(self, *, deadline_ms: int | None = None) -> None:
        """Publish that one was asked for, and half a second later was there."""
        await self.broker.publish([signed(create_order(), OPERATION_ID, deadline_ms=deadline_ms)])
        placed = OrderCreated(ORDER_ID, "b", (), a_line().price, OrderStatus.PENDING, at(0.5))
        await self.answers(OPERATION_ID, placed, source="orders", at=at(0.5))

    async def cancelled(self, when: datetime) -> None:
        """Publish that the order was cancelled, as "cancelling" had asked for."""
        event = OrderUpdated(ORDER_ID, OrderStatus.CANCELLED, when, "cancelled_by_buyer")
        await self.answers("cancelling", event, source="orders", at=when)

    async def replay(self, app: str, database: MemoryDatabase) -> Replayed:
        """Replay an hour later."""
        replay = a_replay(
            app,
            database,
            broker=self.broker,
            means=means(FakeClock(NOW + timedelta(hours=1))),
            signatures=SIGNATURES,
        )
        return await replay.run(NOW)

    async def count(self, topic: str) -> int:
        return sum(end for _, end in (await self.broker.offsets(topic)).values())


@pytest.fixture
async def log() -> Log:
    log = Log()
    await log.broker.apply(topics.all_topics())
    return log


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def test_an_order_that_was_confirmed_before_it_was_cancelled_was_so_again(log: Log) -> None:
    """Its cancellation was sent first: it waited in another partition than the reservation."""
    await log.an_order()
    await log.broker.publish([signed(cancel_order(), "cancelling")])
    log.clock.advance(seconds=1)
    await log.broker.publish([an_event(stock_reserved(), "reserved")])
    confirmed = OrderUpdated(ORDER_ID, OrderStatus.CONFIRMED, at(2))
    await log.answers("reserved", confirmed, source="orders", at=at(2))
    await log.cancelled(at(3))

    database = OrdersDatabase(log.clock)
    report = await log.replay("orders", database)

    order = database.read(ORDERS, ORDER_ID)
    assert (OrderStatus.CANCELLED, at(3), 3) == (order.status, order.updated_at, order.version)
    assert 3 == report.messages


async def test_what_came_to_nothing_comes_to_nothing_again(log: Log) -> None:
    """A reservation was sent before the order was cancelled, and was heard of afterwards."""
    await log.an_order()
    log.clock.advance(seconds=1)
    await log.broker.publish([an_event(stock_reserved(), "reserved")])
    await log.broker.publish([signed(cancel_order(), "cancelling")])
    await log.cancelled(at(2))

    database = OrdersDatabase(log.clock)
    report = await log.replay("orders", database)

    order = database.read(ORDERS, ORDER_ID)
    assert (OrderStatus.CANCELLED, at(2), 2) == (order.status, order.updated_at, order.version)
    assert (3, 2) == (report.messages, report.published), "the replies to the commands"


async def test_an_account_and_its_session_come_to_what_they_were(log: Log) -> None:
    registering = a_register_command(user_id=USER_ID, password=sealed_for("registering"))
    await log.broker.publish([signed(registering, "registering")])
    login = a_login_command(password=sealed_for("login"), session_id=SESSION_ID, token_hash=TOKEN)
    await log.broker.publish([signed(login, "login", deadline_ms=epoch_ms(at(5)))])
    registered = UserRegistered(USER_ID, EMAIL, Role.BUYER, at(1))
    await log.answers("registering", registered, source="auth", at=at(1))
    await log.answers("login", done("login", "LOGIN_USER", at(2)), source="auth", at=at(2))

    database = users_database(log.clock)
    report = await log.replay("auth", database)

    user, session = database.read(USERS, USER_ID), database.read(SESSIONS, SESSION_ID)
    assert (EMAIL, at(1)) == (user.email, user.created_at)
    assert (USER_ID, TOKEN, at(2)) == (session.user_id, session.current_hash, session.rotated_at)
    assert (2, 1) == (report.messages, report.published), "the reply to the registration"


async def test_admins_are_named_for_no_message_asked_for_their_accounts(log: Log) -> None:
    registered = UserRegistered(USER_ID, EMAIL, Role.ADMIN, at(1))
    await log.answers(f"create-admin/{USER_ID}", registered, source="auth", at=at(1))
    report = await log.replay("auth", users_database(log.clock))
    assert ((EMAIL,), 0) == (report.by_hand, report.messages)


def sealed_for(message_id: str) -> SealedPassword:
    return OpenSealing().seal(PASSWORD, message_id)


def done(operation_id: str, command: str, at: datetime) -> CommandReplied:
    return CommandReplied(operation_id, command, OutcomeStatus.SUCCEEDED, at)


async def test_what_somebody_waited_for_is_handled_though_nobody_waits_any_more(log: Log) -> None:
    await log.an_order(deadline_ms=epoch_ms(at(1)))
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    order = database.read(ORDERS, ORDER_ID)
    assert (OrderStatus.PENDING, at(0.5)) == (order.status, order.created_at)


async def test_only_what_the_topics_lack_is_published(log: Log) -> None:
    await log.an_order()
    report = await log.replay("orders", OrdersDatabase(log.clock))
    assert 1 == report.published, "the reply"
    assert 1 == await log.count(topics.ORDER_CREATED)
    assert 1 == await log.count(topics.COMMAND_REPLIES)


async def test_what_the_service_refused_it_refuses_again(log: Log) -> None:
    await log.broker.publish([signed(create_order(), deadline_ms=epoch_ms(at(1)))])
    error = ReplyError(Kind.EXPIRED, "deadline_exceeded", "The deadline had passed", "")
    refused = CommandReplied(OPERATION_ID, "CREATE_ORDER", OutcomeStatus.FAILED, at(2), error=error)
    await log.answers(OPERATION_ID, refused, source="orders", at=at(2))
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    assert database.read(ORDERS, ORDER_ID) is None


async def test_what_was_given_up_stays_given_up(log: Log) -> None:
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    [record] = [
        record
        for partition in await log.broker.offsets(topics.ORDER_COMMANDS)
        for record in await log.broker.read(topics.ORDER_COMMANDS, partition, start=0, limit=9)
    ]
    letter = dead_letter(
        record,
        consumer="orders",
        origin=record.position,
        replays=0,
        reason="exhausted",
        error="ValueError: it is broken",
        attempts=10,
        first_failed_at=NOW,
        failed_at=NOW,
    )
    await log.broker.publish([letter])
    report = await log.replay("orders", OrdersDatabase(log.clock))
    assert (0, 0) == (report.messages, report.published)


async def test_what_was_sent_before_is_not_read_and_a_dry_run_does_nothing(log: Log) -> None:
    log.clock.at = NOW - timedelta(seconds=1)
    await log.broker.publish([signed(create_order(order_id=OTHER_ORDER_ID), "before")])
    log.clock.at = NOW
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    database = OrdersDatabase(log.clock)
    replay = a_replay(
        "orders", database, broker=log.broker, means=means(log.clock), signatures=SIGNATURES
    )
    report = await replay.run(NOW, dry_run=True)
    assert (1, True) == (report.messages, report.dry_run)
    assert {} == database.states[ORDERS]
    await replay.run(NOW)
    assert [ORDER_ID] == list(database.states[ORDERS])


async def test_it_waits_for_the_service_to_be_stopped(log: Log) -> None:
    member = await log.broker.subscribe("orders", [topics.ORDER_COMMANDS])
    with pytest.raises(StillRunning, match="1 processes of orders are running"):
        await log.replay("orders", OrdersDatabase(log.clock))
    await member.close()
    assert 0 == (await log.replay("orders", OrdersDatabase(log.clock))).messages
