"""Deliveries, ratings and what they add up to, and the use case: a buyer rates what came."""

from typing import Final, Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace
from tests.examples.reviews.messages import ProductRated, RateProduct, RatingDocument

from tradex_core.aggregate import Aggregate
from tradex_core.clock import Clock
from tradex_core.errors import Kind, Refusal
from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderCreated, OrderStatus, OrderUpdated
from tradex_core.messaging.unit_of_work import Need

DELIVERIES: Final = "deliveries"
RATINGS: Final = "ratings"
PRODUCT_RATINGS: Final = "product_ratings"


class NotReceived(Refusal):
    """The order did not bring the product, or not yet, or to somebody else."""

    kind = Kind.FORBIDDEN
    slug = "not_received"
    title = "You have not received this product"


class AlreadyRated(Refusal):
    """The buyer has rated the product before."""

    kind = Kind.CONFLICT
    slug = "already_rated"
    title = "You have rated this product already"


class DeliveryState(Struct, frozen=True):
    """What an order brings to whom, as far as its events have told, in whichever order."""

    order_id: str
    buyer_id: str | None = None
    product_ids: frozenset[str] = frozenset()
    is_delivered: bool = False


class Delivery(Aggregate[DeliveryState]):
    """An order as the reviews know it."""

    def learn(self, event: OrderCreated | OrderUpdated) -> None:
        """Take what an event of the order tells; a repeat changes nothing."""
        if isinstance(event, OrderCreated):
            products = frozenset(line.product_id for line in event.items)
            self.change(replace(self.state, buyer_id=event.user_id, product_ids=products))
        elif event.status is OrderStatus.DELIVERED:
            self.change(replace(self.state, is_delivered=True))

    def brought(self, product_id: str, *, to: Actor) -> bool:
        """Return whether somebody has received a product by it."""
        known = self.state
        return known.is_delivered and known.buyer_id == to.user_id and product_id in known.product_ids


class RatingState(Struct, frozen=True):
    """One buyer's rating of one product."""

    rating_id: str
    stars: int


class ProductRatingState(Struct, frozen=True):
    """All ratings of one product, added up."""

    product_id: str
    count: int = 0
    total: int = 0


class ProductRating(Aggregate[ProductRatingState]):
    """How a product is rated."""

    def add(self, stars: int, clock: Clock) -> None:
        """Add one rating."""
        known = self.state
        self.change(replace(known, count=known.count + 1, total=known.total + stars))
        shown = self.document()
        rated = ProductRated(shown.product_id, shown.count, shown.average, stars, clock.now())
        self.change(self.state, rated)

    def document(self) -> RatingDocument:
        """Return how it is shown, once it is rated."""
        known = self.state
        return RatingDocument(known.product_id, known.count, round(known.total / known.count, 2))


A = TypeVar("A")


class Store(Protocol[A]):
    """The aggregates of one kind that a unit of work has loaded."""

    def find(self, key: str) -> A | None: ...
    def add(self, aggregate: A) -> None: ...


def rating_id(command: RateProduct, actor: Actor) -> str:
    return f"{command.product_id}/{actor.user_id}"


def needs_of_rating(command: RateProduct, actor: Actor) -> list[Need]:
    """Return the delivery, the buyer's former rating, and the product's."""
    return [
        (DELIVERIES, command.order_id),
        (RATINGS, rating_id(command, actor)),
        (PRODUCT_RATINGS, command.product_id),
    ]


def rate_product(
    command: RateProduct,
    *,
    actor: Actor,
    deliveries: Store[Delivery],
    ratings: Store[Aggregate[RatingState]],
    product_ratings: Store[ProductRating],
    clock: Clock,
) -> ProductRating:
    """Rate a product; raises NotReceived, AlreadyRated."""
    delivery = deliveries.find(command.order_id)
    if delivery is None or not delivery.brought(command.product_id, to=actor):
        raise NotReceived("rate a product once an order has brought it to you")
    if ratings.find(rating_id(command, actor)) is not None:
        raise AlreadyRated("a product is rated once; your first rating stands")
    ratings.add(Aggregate(RatingState(rating_id(command, actor), command.stars)))
    rating = product_ratings.find(command.product_id)
    if rating is None:
        rating = ProductRating(ProductRatingState(command.product_id))
        product_ratings.add(rating)
    rating.add(command.stars, clock)
    return rating
