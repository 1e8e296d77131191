"""A message in the log."""

from datetime import datetime, timedelta
from typing import Final, Self

import msgspec

from apps.runtime.log_lines import shown
from tradex_core.events.reply import CommandReplied
from tradex_core.messaging.observer import Handled

_MICROSECOND: Final = timedelta(microseconds=1)
_FIELDS: Final = {
    "at": "@timestamp",
    "level": "log.level",
    "consumer": "tradex.consumer",
    "type": "tradex.message.type",
    "id": "tradex.message.id",
    "topic": "tradex.message.topic",
    "position": "tradex.message.position",
    "age": "tradex.message.age",
    "outcome": "tradex.outcome",
    "trace_id": "trace.id",
    "span_id": "span.id",
    "correlation_id": "tradex.correlation.id",
    "operation_id": "tradex.operation.id",
    "order_id": "tradex.order.id",
}


class MessageLine(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename=_FIELDS
):
    """What the log says of a message that was handled: its ids, and nothing of what it holds.

    `age` is in nanoseconds.
    """

    at: datetime
    level: str
    message: str
    consumer: str
    type: str
    id: str
    topic: str
    position: str
    age: int
    outcome: str
    correlation_id: str
    trace_id: str | None = None
    span_id: str | None = None
    operation_id: str | None = None
    order_id: str | None = None

    @classmethod
    def of(cls, handled: Handled, at: datetime) -> Self:
        """Make the line of a message that was handled at a time."""
        opened, record, place = handled.opened, handled.record, handled.trace
        envelope, payload = opened.envelope, opened.payload
        return cls(
            at=at,
            level="info",
            message=f"{opened.name} {handled.outcome}",
            consumer=handled.consumer,
            type=opened.name,
            id=envelope.id,
            topic=record.topic,
            position=record.position,
            age=handled.age // _MICROSECOND * 1000,
            outcome=handled.outcome,
            correlation_id=envelope.correlation_id,
            trace_id=None if place is None else place.trace_id,
            span_id=None if place is None else place.span_id,
            operation_id=_operation_of(handled),
            order_id=getattr(payload, "order_id", None),
        )

    def as_text(self, logger: str) -> str:
        """Return the line for people."""
        story = "" if self.order_id is None else f" order_id={shown(self.order_id)}"
        return (
            f"{self.at.isoformat().replace('+00:00', 'Z')} [{self.level:<9}] {self.message:<30} "
            f"[{logger}] age_ms={self.age / 1e6:.2f} consumer={self.consumer} "
            f"correlation_id={shown(self.correlation_id)}{story}"
        )


def _operation_of(handled: Handled) -> str | None:
    opened = handled.opened
    if isinstance(opened.payload, CommandReplied):
        return opened.payload.operation_id
    return opened.envelope.id if opened.is_command else None
