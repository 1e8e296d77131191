"""A request in the log."""

from datetime import UTC, datetime
from typing import Final, Self

import msgspec

from tradex_core.messaging.tracing import Trace

_FIELDS: Final = {
    "at": "@timestamp",
    "level": "log.level",
    "method": "http.request.method",
    "route": "http.route",
    "status": "http.response.status_code",
    "nanoseconds": "event.duration",
    "trace_id": "trace.id",
    "span_id": "span.id",
    "correlation_id": "tradex.correlation.id",
    "operation_id": "tradex.operation.id",
    "order_id": "tradex.order.id",
}


class RequestLine(
    msgspec.Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True, rename=_FIELDS
):
    """What the log says of a request: its route, not its path, and of nobody's secrets anything."""

    at: datetime
    level: str
    message: str
    method: str
    route: str
    status: int
    nanoseconds: int
    trace_id: str | None = None
    span_id: str | None = None
    correlation_id: str | None = None
    operation_id: str | None = None
    order_id: str | None = None

    @classmethod
    def now(
        cls,
        *,
        level: str,
        method: str,
        route: str,
        status: int,
        seconds: float,
        place: Trace | None,
        operation_id: str | None,
        order_id: str | None,
    ) -> Self:
        """Make the line of a request that was answered just now, after so many seconds."""
        return cls(
            at=datetime.now(UTC),
            level=level,
            message=f"{method} {route} {status}",
            method=method,
            route=route,
            status=status,
            nanoseconds=int(seconds * 1e9),
            trace_id=None if place is None else place.trace_id,
            span_id=None if place is None else place.span_id,
            correlation_id=operation_id,
            operation_id=operation_id,
            order_id=order_id,
        )

    def as_text(self, logger: str) -> str:
        """Return the line for people."""
        return (
            f"{self.at.isoformat().replace('+00:00', 'Z')} [{self.level:<9}] {'request':<30} "
            f"[{logger}] method={self.method} ms={self.nanoseconds / 1e6:.2f} "
            f"operation_id={self.operation_id} route={self.route} status={self.status}"
        )
