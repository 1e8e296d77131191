"""The topics: their names, and what of them must be kept for how long."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import msgspec

AUTH_COMMANDS: Final = "auth.commands"
CATALOG_COMMANDS: Final = "catalog.commands"
ORDER_COMMANDS: Final = "order.commands"
USER_REGISTERED: Final = "user.registered"
ORDER_CREATED: Final = "order.created"
ORDER_UPDATED: Final = "order.updated"
STOCK_UPDATED: Final = "stock.updated"
STOCK_RESERVED: Final = "stock.reserved"
STOCK_REJECTED: Final = "stock.rejected"
PRODUCT_CREATED: Final = "product.created"
PRODUCT_UPDATED: Final = "product.updated"
COMMAND_REPLIES: Final = "command.replies"

COMMANDS: Final = (AUTH_COMMANDS, CATALOG_COMMANDS, ORDER_COMMANDS)
EVENTS: Final = (
    USER_REGISTERED,
    ORDER_CREATED,
    ORDER_UPDATED,
    STOCK_UPDATED,
    STOCK_RESERVED,
    STOCK_REJECTED,
    PRODUCT_CREATED,
    PRODUCT_UPDATED,
)
COMMANDS_KEPT: Final = timedelta(days=7)
DEAD_LETTERS_KEPT: Final = timedelta(days=90)
PARTITIONS: Final = 6
DEAD_LETTER_SUFFIX: Final = ".dlq"


class Topic(msgspec.Struct, frozen=True):
    """A topic: its partitions, and for how many days it keeps a message (None: for ever)."""

    name: str
    partitions: int = PARTITIONS
    retention_days: int | None = COMMANDS_KEPT.days


def dead_letter_topic(topic: str) -> str:
    """Return the name of the topic that holds a topic's dead letters."""
    return topic + DEAD_LETTER_SUFFIX


def topics_of(*, commands: Iterable[str] = (), events: Iterable[str] = ()) -> tuple[Topic, ...]:
    """Return these topics and those of their dead letters, with what is kept of each for how long.

    Commands are kept for a week, events for ever: views are rebuilt from them.
    """
    commands, events = tuple(commands), tuple(events)
    return (
        *(Topic(name) for name in commands),
        *(Topic(name, retention_days=None) for name in events),
        *(
            Topic(dead_letter_topic(name), retention_days=DEAD_LETTERS_KEPT.days)
            for name in (*commands, *events)
        ),
    )


def all_topics() -> tuple[Topic, ...]:
    """Return every topic; replies are kept as events are.

    Without them a rebuild would forget users' names, closed accounts and how commands ended.
    """
    return topics_of(commands=COMMANDS, events=(*EVENTS, COMMAND_REPLIES))


OWN: Final = frozenset(topic.name for topic in all_topics())
