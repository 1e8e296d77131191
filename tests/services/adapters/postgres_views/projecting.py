"""A shop's log, and the projector on PostgreSQL as the app composes it."""

from collections.abc import Iterator, Sequence
from functools import partial

from tests.builders.machines import FakeClock, means
from tests.builders.messages import SIGNATURES, an_event
from tests.builders.views import (
    BUYER_ID,
    NOW,
    OTHER_SELLER_ID,
    SELLER_ID,
    a_product_view,
    an_order_id,
    later,
)

from adapters.postgres.view_unit import ViewsDatabase, ViewsUnitOfWork
from apps.projector.container import CONSUMER
from apps.projector.handlers import projector_routes
from apps.runtime.composition import service
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderCreated, OrderLine, OrderStatus, OrderUpdated
from tradex_core.events.product import ProductCreated
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.stock import StockOperation, StockReserved, StockUpdated
from tradex_core.events.user import Role, UserRegistered
from tradex_core.messaging.broker import Broker, Message, Offsets
from tradex_core.messaging.dispatch import Dispatcher
from tradex_core.messaging.replay import Replay
from tradex_core.money import Money

TOPICS: Sequence[str] = projector_routes().topics


def a_shop(first: int, size: int) -> list[Message]:
    """Return what is published as so many products are made, and each ordered and confirmed."""
    events = (event for number in range(first, first + size) for event in _story(number))
    return [an_event(event, f"{event.topic} {event.key} {first}") for event in events]


def _story(number: int) -> Iterator[Event]:
    view = a_product_view(number, name=f"Tea {number}", created_at=later(number))
    product_id, order_id, price = view.product_id, an_order_id(number), Money("18.00")
    document = view.document()
    yield ProductCreated(**{name: getattr(document, name) for name in document.__struct_fields__})
    yield OrderCreated(
        order_id=order_id,
        user_id=BUYER_ID,
        items=(OrderLine(product_id=product_id, quantity=2, price=price),),
        total_amount=price * 2,
        status=OrderStatus.PENDING,
        created_at=later(number),
    )
    yield StockUpdated(
        product_id=product_id,
        quantity=2,
        operation=StockOperation.DECREASE,
        updated_at=later(number),
        stock=8,
        version=2,
    )
    sellers = (SELLER_ID, OTHER_SELLER_ID)[number % 2 :]
    yield StockReserved(order_id=order_id, reserved_at=later(number), sellers=sellers)
    yield OrderUpdated(
        order_id=order_id, status=OrderStatus.CONFIRMED, updated_at=later(number + 1), reason=None
    )
    yield CommandReplied(
        operation_id=an_order_id(number),
        command="CREATE_ORDER",
        status=OutcomeStatus.SUCCEEDED,
        completed_at=NOW,
        subject=order_id,
    )
    yield UserRegistered(
        user_id=f"user {number}", email="ana@example.com", role=Role.BUYER, created_at=NOW
    )


def dispatcher_of(database: ViewsDatabase, broker: Broker) -> Dispatcher[ViewsUnitOfWork]:
    """Return the projector's dispatcher on a database of views."""
    composed = service(
        CONSUMER,
        projector_routes(),
        partial(ViewsUnitOfWork, database),
        parking=database.parking,
        outbox=database.outbox,
        broker=broker,
        means=means(FakeClock()),
        signatures=SIGNATURES,
        unsigned_accepted=False,
    )
    dispatcher: Dispatcher[ViewsUnitOfWork] = composed.consumer.dispatcher
    return dispatcher


class Projector:
    """A projector that handles what is there when it is told to."""

    def __init__(self, database: ViewsDatabase, broker: Broker) -> None:
        self._database = database
        self._broker = broker
        self._replay = Replay(broker, dispatcher_of(database, broker))

    async def catch_up(self) -> int:
        """Handle everything that is in the log and was not handled yet."""
        return await self._replay.go_on(
            since=await self._database.positions(), until=await self.ends()
        )

    async def ends(self) -> Offsets:
        """Return where each partition ends that holds anything."""
        return {
            (topic, partition): end
            for topic in TOPICS
            for partition, (_, end) in (await self._broker.offsets(topic)).items()
            if end
        }
