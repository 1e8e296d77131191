"""One log for all of the process, for people or as JSON: on standard error, without secrets."""

import logging
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import IO, Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from apps.runtime.request_line import RequestLine
from apps.runtime.secret import MASK, SecretBytes, SecretText
from tradex_core.key_rings import KeyRing, RingKey

_SENSITIVE: Final = (
    "password",
    "secret",
    "token",
    "authorization",
    "cookie",
    "private_key",
    "signing_key",
    "sealing_keys",
)
_HARMLESS: Final = frozenset({"tokentype", "token_type"})
_MESSAGING: Final = "tradex.messaging"
_CHATTY: Final = ("alembic", "asyncio", "httpcore", "httpx", "pymongo")
"""Loggers of other people's code whose lines about what goes well nobody asked for."""


def configure_logging(
    *, log_format: str, level: str, stream: IO[str] | None = None, capture: IO[str] | None = None
) -> None:
    """Send what structlog and the standard library log to a stream, which is standard error.

    `capture` also gets all of it, down to debug, whatever the level. A repeat replaces what was
    configured before.
    """
    stream = sys.stderr if stream is None else stream
    handlers = [_handler(stream, level.upper(), _renderer(log_format, stream))]
    if capture is not None:
        handlers.append(_handler(capture, "DEBUG", structlog.processors.JSONRenderer(default=str)))
    root = logging.getLogger()
    root.handlers[:] = handlers
    root.setLevel(min(handler.level for handler in handlers))
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what is secret by its key's name, or by its type, however deep it lies."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: Any) -> Any:  # noqa: ANN401 - anything can be logged
    lowered = key.lower()
    if isinstance(value, SecretText | SecretBytes | KeyRing | RingKey):
        return MASK
    if any(word in lowered for word in _SENSITIVE) and lowered not in _HARMLESS:
        return MASK
    if isinstance(value, Mapping):
        return {str(name): _redacted(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", inner) for inner in value]
    return value


class LoggingObserver:
    """Logs what happens to messages.

    That a component waits is said once in `quiet_seconds`, however often it tries meanwhile.
    """

    def __init__(
        self,
        *,
        quiet_seconds: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = structlog.stdlib.get_logger(_MESSAGING)
        self._level_of = logging.getLogger(_MESSAGING)
        self._quiet_seconds = quiet_seconds
        self._monotonic = monotonic
        self._said: dict[str, float] = {}

    def handled(self, consumer: str, type: str, outcome: str, *, age: timedelta) -> None:  # noqa: A002
        """Log it for those who debug."""
        if not self._level_of.isEnabledFor(logging.DEBUG):  # one look, for every message there is
            return
        self._log.debug(
            "handled",
            consumer=consumer,
            type=type,
            outcome=outcome,
            age_ms=age.total_seconds() * 1e3,
        )

    def parked(self, consumer: str, position: str, *, attempts: int, error: str) -> None:
        """Warn of it."""
        self._log.warning(
            "parked", consumer=consumer, position=position, attempts=attempts, error=error
        )

    def dead_lettered(self, consumer: str, position: str, *, reason: str, error: str) -> None:
        """Log it as an error: an operator has to decide."""
        self._log.error(
            "dead letter", consumer=consumer, position=position, reason=reason, error=error
        )

    def waiting(self, component: str, error: Exception) -> None:
        """Warn of it, now and then."""
        now = self._monotonic()
        said = self._said.get(component)
        if said is None or now - said >= self._quiet_seconds:
            self._said[component] = now
            self._log.warning(
                "waiting", component=component, error=f"{type(error).__name__}: {error}"
            )


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        redact,
    ]


def _renderer(log_format: str, stream: IO[str]) -> Processor:
    if log_format == "json":
        return structlog.processors.JSONRenderer(default=str)
    return structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
    )


def _handler(stream: IO[str], level: str, renderer: Processor) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setLevel(level)
    as_json = isinstance(renderer, structlog.processors.JSONRenderer)
    exceptions: list[Processor] = [structlog.processors.format_exc_info] if as_json else []
    handler.setFormatter(
        _Formatter(
            RequestLine.as_json if as_json else RequestLine.as_text,
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *exceptions,
                renderer,
            ],
        )
    )
    return handler


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Lets requests render themselves, and structlog everything else."""

    def __init__(
        self,
        render: Callable[[RequestLine, logging.LogRecord], str],
        **others: Any,  # noqa: ANN401
    ) -> None:
        super().__init__(**others)
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, RequestLine):
            return self._render(record.msg, record)
        return super().format(record)
