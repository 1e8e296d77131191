"""The log as JSON by the Elastic Common Schema, as the telemetry contract declares it."""

import sys
from typing import Any, Final

import msgspec
from structlog.typing import EventDict, WrappedLogger

from apps.runtime.log_lines import Lines
from tradex_core.messaging import tracing
from tradex_core.telemetry.contract import ECS_VERSION

_NAMES: Final = {
    "timestamp": "@timestamp",
    "level": "log.level",
    "event": "message",
    "logger": "log.logger",
    "error_type": "error.type",
    "error": "error.message",
    "exception": "error.stack_trace",
    "route": "http.route",
    "correlation_id": "tradex.correlation.id",
    "operation_id": "tradex.operation.id",
    "order_id": "tradex.order.id",
    "consumer": "tradex.consumer",
    "position": "tradex.message.position",
    "reason": "tradex.reason",
    "attempts": "tradex.attempts",
    "component": "tradex.component",
}
"""What the contract calls what the code calls otherwise; all else goes below `labels`."""

_encoder: Final = msgspec.json.Encoder(enc_hook=str)


class EcsRenderer:
    """Renders lines of a process of `service`."""

    def __init__(self, service: str) -> None:
        self._always = {"ecs.version": ECS_VERSION, "service.name": service}

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        """Render what structlog has prepared."""
        fields = {_NAMES.get(name) or _label(name): value for name, value in event.items()}
        place = tracing.current().trace
        if place is not None:
            fields |= {"trace.id": place.trace_id, "span.id": place.span_id}
        scalars = {name: _scalar(value) for name, value in fields.items() if value is not None}
        return _encoder.encode({**dict.fromkeys(_FIRST), **scalars, **self._always}).decode()

    def lines(self, lines: Lines, logger: str) -> str:
        """Render lines that are written together."""
        always = _encoder.encode({"log.logger": logger, **self._always})
        end = b",%b\n" % always[1:]
        text = bytearray()
        for line in lines.lines:
            _encoder.encode_into(line, text, -1)
            text[-1:] = end
        return text[:-1].decode()


_FIRST: Final = ("@timestamp", "log.level", "message")


def name_the_error(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Say of what class an exception is, and what it says."""
    given = event.get("exc_info")
    error = given[1] if isinstance(given, tuple) else given
    if error is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["error_type"], event["error"] = type(error).__name__, str(error)
    return event


def _label(name: str) -> str:
    return f"labels.{name.replace('.', '_')}"


def _scalar(value: Any) -> Any:  # noqa: ANN401 - anything can be logged
    if isinstance(value, str | int | float):
        return value
    return _encoder.encode(value).decode()
