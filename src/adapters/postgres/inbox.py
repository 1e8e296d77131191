"""The inbox on PostgreSQL: which messages were handled, for as long as they can come again."""

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from adapters.postgres import binary
from adapters.postgres.keys import ONE_OF_KEYS, json_array
from adapters.postgres.rows import Insert, NewRows, Statement
from tradex_core.clock import Clock
from tradex_core.ids import MessageId

_RETENTION: Final = timedelta(days=8)
"""Longer than a command topic keeps its messages, so that no redelivery finds its id forgotten."""
_FORGOTTEN_AT_ONCE: Final = 5_000
_LOOK_EVERY: Final = timedelta(seconds=1)
"""Together: so many a second may go, which is more than come."""

_NEW: Final = NewRows("inbox", "message_id", "handled_at")
_HANDLED: Final = f"SELECT message_id FROM inbox WHERE message_id {ONE_OF_KEYS}"  # noqa: S608
_AGAIN: Final = """
INSERT INTO inbox (message_id, handled_at)
SELECT id, %(at)s FROM json_array_elements_text(%(keys)s::json) AS given(id)
ON CONFLICT DO NOTHING
"""
_FORGET: Final = """
DELETE FROM inbox WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM inbox WHERE handled_at < %(before)s
    ORDER BY handled_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
"""


class PostgresInbox:
    """Says what asks for messages by their identity, and what remembers them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_look = datetime.min.replace(tzinfo=UTC)

    def question(self, ids: Iterable[MessageId]) -> Statement:
        """Return what asks which of these were handled."""
        return Statement(_HANDLED, {"keys": json_array(ids)})

    def writes(
        self, *, fresh: Collection[MessageId], again: Collection[MessageId]
    ) -> Iterator[Insert | Statement]:
        """Yield what remembers these; one of the `fresh` that is known is a unique violation.

        Now and then, what is older than any redelivery goes.
        """
        now = self._clock.now()
        at = binary.timestamptz(now)
        # Sorted, so that units that bring the same ids wait for each other instead of in a circle.
        yield _NEW.of((each.encode(), at) for each in sorted(fresh))
        if again:
            yield Statement(_AGAIN, {"keys": json_array(again), "at": now})
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            yield Statement(_FORGET, {"before": now - _RETENTION, "limit": _FORGOTTEN_AT_ONCE})
