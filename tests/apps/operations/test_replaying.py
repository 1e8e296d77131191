"""What a replay handles: in which order, at what time, and what it publishes of it."""

from datetime import datetime, timedelta

import pytest
from msgspec import structs
from tests.builders.machines import NOW, means
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
from tests.builders.replays import ServiceLog, a_replay, at
from tests.builders.users import (
    EMAIL,
    PASSWORD,
    SESSION_ID,
    TOKEN,
    USER_ID,
    OpenSealing,
    a_login_command,
    a_register_command,
    a_user,
)

from adapters.memory.orders import OrdersDatabase
from adapters.memory.users import UsersUnitOfWork, users_database
from apps.operations.replaying import Missing, StillRunning
from tradex_core.clock import epoch_ms
from tradex_core.errors import Kind
from tradex_core.events import topics
from tradex_core.events.order import OrderCreated, OrderStatus, OrderUpdated
from tradex_core.events.reply import CommandReplied, OutcomeStatus, ReplyError
from tradex_core.events.user import Role, SealedPassword, UserRegistered
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.dead_letters import Decision, Resolution, dead_letter
from tradex_core.messaging.outgoing import Cause, messages_of
from tradex_core.messaging.parking import Lane, Parked
from tradex_core.orders.ports import ORDERS
from tradex_core.users.ports import SESSIONS, USERS

OTHER_ORDER_ID = "018d0c1e-8a00-7000-8000-00000000000d"


async def an_order(
    log: ServiceLog, *, deadline_ms: int | None = None, seconds: float = 0.5
) -> None:
    """Publish that one was asked for, and so much later was there."""
    await log.broker.publish([signed(create_order(), OPERATION_ID, deadline_ms=deadline_ms)])
    await placed(log, at(seconds))


async def placed(log: ServiceLog, when: datetime) -> None:
    """Publish that the order that had been asked for is there."""
    event = OrderCreated(ORDER_ID, "b", (), a_line().price, OrderStatus.PENDING, when)
    await log.answers(OPERATION_ID, event, source="orders", at=when)


async def cancelled(log: ServiceLog, when: datetime) -> None:
    """Publish that the order was cancelled, as "cancelling" had asked for."""
    event = OrderUpdated(ORDER_ID, OrderStatus.CANCELLED, when, "cancelled_by_buyer")
    await log.answers("cancelling", event, source="orders", at=when)


@pytest.fixture
async def log() -> ServiceLog:
    return await ServiceLog.empty()


async def test_an_order_that_was_confirmed_before_it_was_cancelled_was_so_again(
    log: ServiceLog,
) -> None:
    """Its cancellation was sent first: it waited in another partition than the reservation."""
    await an_order(log)
    await log.broker.publish([signed(cancel_order(), "cancelling")])
    log.clock.advance(seconds=1)
    await log.broker.publish([an_event(stock_reserved(), "reserved")])
    confirmed = OrderUpdated(ORDER_ID, OrderStatus.CONFIRMED, at(2))
    await log.answers("reserved", confirmed, source="orders", at=at(2))
    await cancelled(log, at(3))

    database = OrdersDatabase(log.clock)
    report = await log.replay("orders", database)

    order = database.read(ORDERS, ORDER_ID)
    assert (OrderStatus.CANCELLED, at(3), 3) == (order.status, order.updated_at, order.version)
    assert 3 == report.messages


async def test_an_order_goes_its_way_again_though_a_clock_was_behind(log: ServiceLog) -> None:
    """It was confirmed in another process, whose clock shows a time before it was placed."""
    await an_order(log, seconds=2)
    await log.broker.publish([an_event(stock_reserved(), "reserved")])
    confirmed = OrderUpdated(ORDER_ID, OrderStatus.CONFIRMED, at(1))
    await log.answers("reserved", confirmed, source="orders", at=at(1))

    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    assert OrderStatus.CONFIRMED is database.read(ORDERS, ORDER_ID).status


async def test_a_timer_goes_off_again_though_its_clock_was_behind(log: ServiceLog) -> None:
    await an_order(log, seconds=2)
    over = OrderUpdated(ORDER_ID, OrderStatus.CANCELLED, at(1), "timed_out")
    await log.answers(f"timeout/{ORDER_ID}", over, source="orders", at=at(1))
    database = OrdersDatabase(log.clock)
    report = await log.replay("orders", database)
    assert OrderStatus.CANCELLED is database.read(ORDERS, ORDER_ID).status
    assert (1, 1) == (report.messages, report.timers)


async def test_what_had_waited_since_before_the_backup_is_handled_too(log: ServiceLog) -> None:
    log.clock.at = NOW - timedelta(hours=3)
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    log.clock.at = NOW
    await placed(log, at(1))
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    assert OrderStatus.PENDING is database.read(ORDERS, ORDER_ID).status


async def test_what_cannot_have_come_of_what_is_there_is_told(log: ServiceLog) -> None:
    """Its confirmation is in the topics, and what placed the order is not."""
    await placed(log, at(0.5))
    await log.broker.publish([an_event(stock_reserved(), "reserved")])
    confirmed = OrderUpdated(ORDER_ID, OrderStatus.CONFIRMED, at(1))
    await log.answers("reserved", confirmed, source="orders", at=at(1))
    database = OrdersDatabase(log.clock)
    with pytest.raises(Missing, match=r"orders: 1 messages cannot be .* name a --since"):
        await log.replay("orders", database)
    assert {} == database.states[ORDERS]


async def test_what_came_to_nothing_comes_to_nothing_again(log: ServiceLog) -> None:
    """A reservation was sent before the order was cancelled, and was heard of afterwards."""
    await an_order(log)
    log.clock.advance(seconds=1)
    await log.broker.publish([an_event(stock_reserved(), "reserved")])
    await log.broker.publish([signed(cancel_order(), "cancelling")])
    await cancelled(log, at(2))

    database = OrdersDatabase(log.clock)
    report = await log.replay("orders", database)

    order = database.read(ORDERS, ORDER_ID)
    assert (OrderStatus.CANCELLED, at(2), 2) == (order.status, order.updated_at, order.version)
    assert (3, 2) == (report.messages, report.published), "the replies to the commands"


async def test_an_account_and_its_session_come_to_what_they_were(log: ServiceLog) -> None:
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


async def test_admins_are_named_for_no_message_asked_for_their_accounts(log: ServiceLog) -> None:
    registered = UserRegistered(USER_ID, EMAIL, Role.ADMIN, at(1))
    await log.answers(f"create-admin/{USER_ID}", registered, source="auth", at=at(1))
    report = await log.replay("auth", users_database(log.clock))
    assert ((EMAIL,), 0) == (report.by_hand, report.messages)


async def test_an_admin_who_is_in_the_backup_is_not_named(log: ServiceLog) -> None:
    registered = UserRegistered(USER_ID, EMAIL, Role.ADMIN, at(1))
    await log.answers(f"create-admin/{USER_ID}", registered, source="auth", at=at(1))
    database = users_database(log.clock)
    async with UsersUnitOfWork(database) as unit:
        unit.users.add(a_user(email=EMAIL))
        await unit.commit()
    report = await log.replay("auth", database)
    assert () == report.by_hand


def sealed_for(message_id: str) -> SealedPassword:
    return OpenSealing().seal(PASSWORD, message_id)


def done(operation_id: str, command: str, at: datetime) -> CommandReplied:
    return CommandReplied(operation_id, command, OutcomeStatus.SUCCEEDED, at)


async def test_what_somebody_waited_for_is_handled_though_nobody_waits_any_more(
    log: ServiceLog,
) -> None:
    await an_order(log, deadline_ms=epoch_ms(at(1)))
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    order = database.read(ORDERS, ORDER_ID)
    assert (OrderStatus.PENDING, at(0.5)) == (order.status, order.created_at)


async def test_only_what_the_topics_lack_is_published(log: ServiceLog) -> None:
    await an_order(log)
    report = await log.replay("orders", OrdersDatabase(log.clock))
    assert 1 == report.published, "the reply"
    assert 1 == len(await log.records(topics.ORDER_CREATED))
    assert 1 == len(await log.records(topics.COMMAND_REPLIES))


async def test_what_the_service_refused_it_refuses_again(log: ServiceLog) -> None:
    await log.broker.publish([signed(create_order(), deadline_ms=epoch_ms(at(1)))])
    error = ReplyError(Kind.EXPIRED, "deadline_exceeded", "The deadline had passed", "")
    refused = CommandReplied(OPERATION_ID, "CREATE_ORDER", OutcomeStatus.FAILED, at(2), error=error)
    await log.answers(OPERATION_ID, refused, source="orders", at=at(2))
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    assert database.read(ORDERS, ORDER_ID) is None


async def given_up(log: ServiceLog) -> Record:
    """Publish that the order that was asked for was given up; return what had asked for it."""
    [record] = await log.records(topics.ORDER_COMMANDS)
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
    return record


async def test_what_was_given_up_stays_given_up(log: ServiceLog) -> None:
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    await given_up(log)
    report = await log.replay("orders", OrdersDatabase(log.clock))
    assert (0, 0) == (report.messages, report.published)


async def test_what_was_sent_again_is_handled_once(log: ServiceLog) -> None:
    """Its repetition was never a dead letter itself: it was known to have been handled."""
    command = signed(create_order(), OPERATION_ID)
    await log.broker.publish([command])
    record = await given_up(log)
    decision = Decision("orders", record.position, 1, Resolution.REDRIVEN)
    headers = (*command.headers, *decision.headers(record, SIGNATURES))
    await log.broker.publish([command, structs.replace(command, headers=headers)])
    await placed(log, at(1))
    report = await log.replay("orders", OrdersDatabase(log.clock))
    assert (1, 1) == (report.messages, report.published), "the reply"


async def parked_order(log: ServiceLog) -> OrdersDatabase:
    """Publish that an order is asked for; return a backup in which that had failed once."""
    await log.broker.publish([signed(create_order(), OPERATION_ID)])
    [record] = await log.records(topics.ORDER_COMMANDS)
    database = OrdersDatabase(log.clock)
    database.remember(OPERATION_ID, NOW)
    database.parking.put(
        Parked(
            lane=Lane.of("orders", record),
            record=record,
            attempts=1,
            first_failed_at=NOW,
            next_attempt_at=NOW,
            error="ValueError: it is broken",
        )
    )
    return database


async def test_what_was_parked_in_the_backup_comes_to_what_it_came_to(log: ServiceLog) -> None:
    database = await parked_order(log)
    await placed(log, at(1))
    await log.broker.publish([an_event(stock_reserved(), "reserved")])
    confirmed = OrderUpdated(ORDER_ID, OrderStatus.CONFIRMED, at(2))
    await log.answers("reserved", confirmed, source="orders", at=at(2))
    await log.replay("orders", database)
    assert OrderStatus.CONFIRMED is database.read(ORDERS, ORDER_ID).status
    assert 0 == len(database.parking)


async def test_what_comes_behind_what_was_parked_does_so_again(log: ServiceLog) -> None:
    """By its time the cancellation is as early, and is parked behind the order that it cancels."""
    database = await parked_order(log)
    await placed(log, at(1))
    await log.broker.publish([signed(cancel_order(), "cancelling")])
    await cancelled(log, at(0.5))
    await log.replay("orders", database)
    assert OrderStatus.CANCELLED is database.read(ORDERS, ORDER_ID).status
    assert 0 == len(database.parking)


async def test_what_was_given_up_after_the_backup_is_not_tried_again(log: ServiceLog) -> None:
    database = await parked_order(log)
    await given_up(log)
    report = await log.replay("orders", database)
    assert (0, 0) == (len(database.parking), report.published)
    assert {} == database.states[ORDERS]


async def test_what_is_parked_and_nobody_was_told_of_stays_parked(log: ServiceLog) -> None:
    database = await parked_order(log)
    await log.replay("orders", database)
    assert 1 == len(database.parking)


async def test_a_dead_letter_that_somebody_made_up_takes_nothing_away(log: ServiceLog) -> None:
    await an_order(log)
    await given_up(log)
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    assert OrderStatus.PENDING is database.read(ORDERS, ORDER_ID).status


@pytest.mark.parametrize("time", [None, "soon", "0001-01-01T00:00:00+14:00", "2024-01-15T10:00:00"])
async def test_what_no_service_can_have_written_is_passed_over(
    log: ServiceLog, time: str | None
) -> None:
    headers = (("ce_source", b"orders"), ("ce_id", b"made up"))
    cause = (("causation-id", OPERATION_ID.encode()),)
    timed = () if time is None else (("ce_time", time.encode()),)
    lie = Message(topics.ORDER_CREATED, b"k", b"{}", (*headers, *cause, *timed))
    await log.broker.publish([lie])
    await an_order(log)
    database = OrdersDatabase(log.clock)
    await log.replay("orders", database)
    assert OrderStatus.PENDING is database.read(ORDERS, ORDER_ID).status


async def test_an_admin_whom_no_service_can_have_made_is_not_named(log: ServiceLog) -> None:
    event = UserRegistered(USER_ID, EMAIL, Role.ADMIN, at(1))
    [told] = messages_of(
        [event], cause=Cause(MessageId("create-admin/x"), "a story"), source="auth", at=at(1)
    )
    await log.broker.publish([structs.replace(told, value=b"{}")])
    assert () == (await log.replay("auth", users_database(log.clock))).by_hand


async def test_what_was_sent_before_is_not_read_and_a_dry_run_does_nothing(log: ServiceLog) -> None:
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


async def test_it_waits_for_the_service_to_be_stopped(log: ServiceLog) -> None:
    member = await log.broker.subscribe("orders", [topics.ORDER_COMMANDS])
    with pytest.raises(StillRunning, match="1 processes of orders are running"):
        await log.replay("orders", OrdersDatabase(log.clock))
    await member.close()
    assert 0 == (await log.replay("orders", OrdersDatabase(log.clock))).messages
