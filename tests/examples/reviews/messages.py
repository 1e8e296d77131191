"""What is said of reviews: the command, its event, and the topics of both."""

from typing import Annotated, ClassVar, Final

from msgspec import Meta

from tradex_core.events.fields import Command, Event, ObjectIdHex, Uuid
from tradex_core.events.topics import topics_of


class RateProduct(Command, frozen=True):
    """Rate a product that an order brought."""

    command: ClassVar[str] = "RATE_PRODUCT"
    topic: ClassVar[str] = "reviews.commands"

    order_id: Uuid
    product_id: ObjectIdHex
    stars: Annotated[int, Meta(ge=1, le=5)]

    @property
    def key(self) -> str:
        return self.product_id


class ProductRated(Event, frozen=True):
    """A product is rated by so many now, and so on average; `count` grows with every rating."""

    topic: ClassVar[str] = "product.rated"

    product_id: str
    count: int
    average: float

    @property
    def key(self) -> str:
        return self.product_id


TOPICS: Final = topics_of(commands=[RateProduct.topic], events=[ProductRated.topic])
