"""The reviews' store, its handlers, and the service that they make."""

from functools import partial
from typing import Generic, TypeVar

from tests.examples.reviews import rating
from tests.examples.reviews.messages import RateProduct, RatingDocument

from adapters.memory.database import Collection, MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from apps.runtime.composition import service
from apps.runtime.service import Service
from tradex_core.aggregate import Aggregate
from tradex_core.clock import Clock
from tradex_core.events.envelope import ActorSignatures
from tradex_core.events.order import OrderCreated, OrderUpdated
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.routes import Context, Handler, Routes

A = TypeVar("A")


class MemoryStore(Generic[A]):
    """One collection of a unit of work."""

    def __init__(self, unit: MemoryUnitOfWork, collection: str) -> None:
        self._unit, self._collection = unit, collection

    def find(self, key: str) -> A | None:
        found: A | None = self._unit.find(self._collection, key)
        return found

    def add(self, aggregate: A) -> None:
        self._unit.add(self._collection, aggregate)


class ReviewsUnit(MemoryUnitOfWork):
    """A unit of work on the reviews' database."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.deliveries = MemoryStore[rating.Delivery](self, rating.DELIVERIES)
        self.ratings = MemoryStore[Aggregate[rating.RatingState]](self, rating.RATINGS)
        self.product_ratings = MemoryStore[rating.ProductRating](self, rating.PRODUCT_RATINGS)


def reviews_database(clock: Clock) -> MemoryDatabase:
    """Make the reviews' database, empty."""
    collections = {
        rating.DELIVERIES: Collection(rating.Delivery, lambda each: each.order_id),
        rating.RATINGS: Collection(Aggregate, lambda each: each.rating_id),
        rating.PRODUCT_RATINGS: Collection(rating.ProductRating, lambda each: each.product_id),
    }
    return MemoryDatabase(collections, clock=clock)


def reviews_routes(clock: Clock) -> Routes[ReviewsUnit]:
    """Return everything that the reviews handle."""
    learns = partial(
        Handler, needs=lambda event, _: [(rating.DELIVERIES, event.order_id)], handle=_learn
    )
    rates = Handler(
        payload=RateProduct,
        needs=lambda command, context: rating.needs_of_rating(command, context.require_actor()),
        handle=partial(_rate, clock),
    )
    return Routes(
        commands={RateProduct: rates},
        events={kind: learns(payload=kind) for kind in (OrderCreated, OrderUpdated)},
    )


def _learn(unit: ReviewsUnit, event: OrderCreated | OrderUpdated, _: Context) -> None:
    delivery = unit.deliveries.find(event.order_id)
    if delivery is None:
        delivery = rating.Delivery(rating.DeliveryState(event.order_id))
        unit.deliveries.add(delivery)
    delivery.learn(event)


def _rate(clock: Clock, unit: ReviewsUnit, command: RateProduct, context: Context) -> RatingDocument:
    return rating.rate_product(
        command,
        actor=context.require_actor(),
        deliveries=unit.deliveries,
        ratings=unit.ratings,
        product_ratings=unit.product_ratings,
        clock=clock,
    ).document()


def reviews_service(
    database: MemoryDatabase, *, broker: Broker, means: Means, signatures: ActorSignatures
) -> Service:
    """Compose the service; nothing runs before its loops are started."""
    return service(
        "reviews",
        reviews_routes(means.clock),
        partial(ReviewsUnit, database),
        parking=database.parking,
        outbox=database.outbox,
        broker=broker,
        means=means,
        signatures=signatures,
        unsigned_accepted=False,
    )
