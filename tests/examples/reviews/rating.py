"""Deliveries, the ratings of a product, and the use case: a buyer rates what was delivered."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace
from tests.examples.reviews.messages import ProductRated, RateProduct

from tradex_core.aggregate import Aggregate
from tradex_core.errors import Kind, Refusal
from tradex_core.events.envelope import Actor
from tradex_core.events.order import OrderCreated, OrderStatus, OrderUpdated

DELIVERIES: Final = "deliveries"
RATINGS: Final = "ratings"


class NotReceived(Refusal):
    kind = Kind.FORBIDDEN
    slug = "not_received"
    title = "You have not received this product"


class AlreadyRated(Refusal):
    kind = Kind.CONFLICT
    slug = "already_rated"
    title = "You have rated this product already"


class DeliveryState(Struct, frozen=True):
    """What an order brings to whom, as far as its events have told, in whichever order."""

    order_id: str
    buyer_id: str | None = None
    products: frozenset[str] = frozenset()
    is_delivered: bool = False


class Delivery(Aggregate[DeliveryState]):
    def learn(self, event: OrderCreated | OrderUpdated) -> None:
        if isinstance(event, OrderCreated):
            products = frozenset(line.product_id for line in event.items)
            self.change(replace(self.state, buyer_id=event.user_id, products=products))
        elif event.status is OrderStatus.DELIVERED:
            self.change(replace(self.state, is_delivered=True))

    def brought(self, product_id: str, *, to: Actor) -> bool:
        known = self.state
        return known.is_delivered and known.buyer_id == to.user_id and product_id in known.products


class ProductRatingState(Struct, frozen=True):
    """How many stars each buyer gave a product, and the view of it: how many did, and the mean."""

    product_id: str
    stars: Mapping[str, int] = {}
    count: int = 0
    average: float = 0.0


class ProductRating(Aggregate[ProductRatingState]):
    def add(self, buyer_id: str, stars: int) -> None:
        given = {**self.state.stars, buyer_id: stars}
        count, average = len(given), round(sum(given.values()) / len(given), 2)
        state = ProductRatingState(self.state.product_id, given, count, average)
        self.change(state, ProductRated(state.product_id, count, average))


def rate_product(
    command: RateProduct, *, actor: Actor, delivery: Delivery | None, rating: ProductRating | None
) -> ProductRating:
    """Rate a product, once; raises NotReceived, AlreadyRated."""
    if delivery is None or not delivery.brought(command.product_id, to=actor):
        msg = "rate a product once an order has brought it to you"
        raise NotReceived(msg)
    rating = rating or ProductRating(ProductRatingState(command.product_id))
    if actor.user_id in rating.state.stars:
        msg = "a product is rated once; your first rating stands"
        raise AlreadyRated(msg)
    rating.add(actor.user_id, command.stars)
    return rating
