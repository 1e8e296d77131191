"""What is said of reviews: the command, its event, the rating as it is shown, and the topics."""

from typing import Annotated, ClassVar, Final

from msgspec import Meta

from tradex_core.events.fields import Command, Event, Instant, ObjectIdHex, Uuid, Wire
from tradex_core.events.topics import Topic, dead_letter_topic

REVIEW_COMMANDS: Final = "reviews.commands"
PRODUCT_RATED: Final = "product.rated"
TOPICS: Final = (
    Topic(REVIEW_COMMANDS),
    Topic(PRODUCT_RATED, retention_days=None),
    Topic(dead_letter_topic(REVIEW_COMMANDS), retention_days=90),
    Topic(dead_letter_topic(PRODUCT_RATED), retention_days=90),
)

Stars = Annotated[int, Meta(ge=1, le=5)]


class RateProduct(Command, frozen=True):
    """Rate a product that an order brought."""

    command: ClassVar[str] = "RATE_PRODUCT"
    topic: ClassVar[str] = REVIEW_COMMANDS

    order_id: Uuid
    product_id: ObjectIdHex
    stars: Stars

    @property
    def key(self) -> str:
        return self.product_id

    @property
    def subject(self) -> str | None:
        return self.product_id


class RatingDocument(Wire, frozen=True):
    """How a product is rated: by how many, and on average, to two places."""

    product_id: str
    count: int
    average: float


class ProductRated(RatingDocument, Event, frozen=True):
    """A buyer rated a product: how it is rated now; `count` grows with every rating."""

    topic: ClassVar[str] = PRODUCT_RATED

    stars: int
    rated_at: Instant

    @property
    def key(self) -> str:
        return self.product_id
