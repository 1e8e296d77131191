"""The reviews' store, its handlers, and the service that they make."""

from functools import partial

from tests.examples.reviews import rating
from tests.examples.reviews.messages import RateProduct

from adapters.memory.database import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from apps.runtime.composition import service
from apps.runtime.service import Service
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.events.order import OrderCreated, OrderUpdated
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.messaging.workspace import Collection, Repository


class ReviewsUnit(MemoryUnitOfWork):
    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.deliveries = Repository[rating.Delivery](self, rating.DELIVERIES)
        self.ratings = Repository[rating.ProductRating](self, rating.RATINGS)


def reviews_database(clock: Clock) -> MemoryDatabase:
    deliveries = Collection(rating.Delivery, lambda delivery: delivery.order_id)
    ratings = Collection(rating.ProductRating, lambda product: product.product_id)
    return MemoryDatabase({rating.DELIVERIES: deliveries, rating.RATINGS: ratings}, clock=clock)


def reviews_routes() -> Routes[ReviewsUnit]:
    rates = Handler(payload=RateProduct, needs=_needs_of_rating, handle=_rate)
    placed = Handler(payload=OrderCreated, needs=_needs_of_delivery, handle=_learn)
    moved = Handler(payload=OrderUpdated, needs=_needs_of_delivery, handle=_learn)
    return Routes(commands={RateProduct: rates}, events={OrderCreated: placed, OrderUpdated: moved})


def _needs_of_rating(command: RateProduct, _: Context) -> list[tuple[str, str]]:
    return [(rating.DELIVERIES, command.order_id), (rating.RATINGS, command.product_id)]


def _needs_of_delivery(event: OrderCreated | OrderUpdated, _: Context) -> list[tuple[str, str]]:
    return [(rating.DELIVERIES, event.order_id)]


def _learn(unit: ReviewsUnit, event: OrderCreated | OrderUpdated, _: Context) -> None:
    delivery = unit.deliveries.find(event.order_id)
    if delivery is None:
        unit.deliveries.add(delivery := rating.Delivery(rating.DeliveryState(event.order_id)))
    delivery.learn(event)


def _rate(unit: ReviewsUnit, command: RateProduct, context: Context) -> None:
    known, actor = unit.ratings.find(command.product_id), context.require_actor()
    delivery = unit.deliveries.find(command.order_id)
    rated = rating.rate_product(command, actor=actor, delivery=delivery, rating=known)
    if known is None:
        unit.ratings.add(rated)


def reviews_service(
    database: MemoryDatabase, *, broker: Broker, means: Means, signatures: ActorSignatures
) -> Service:
    return service(
        "reviews",
        reviews_routes(),
        partial(ReviewsUnit, database),
        parking=database.parking,
        outbox=database.outbox,
        broker=broker,
        means=means,
        signatures=signatures,
        unsigned_accepted=False,
    )
