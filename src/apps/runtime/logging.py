"""One log for all of the process, for people or as ECS: on standard error, without secrets."""

import logging
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import IO, Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from apps.runtime.ecs import EcsRenderer, name_the_error
from apps.runtime.log_lines import Lines, write_lines
from apps.runtime.message_line import MessageLine
from apps.runtime.secret import MASK, SecretBytes, SecretText
from apps.runtime.told_ids import told_ids
from apps.runtime.turn import AtTurnsEnd
from tradex_core.key_rings import KeyRing, RingKey
from tradex_core.messaging.breaker import BreakerState
from tradex_core.messaging.broker import Record
from tradex_core.messaging.observer import Handled

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
    *,
    log_format: str,
    level: str,
    service: str = "platform",
    stream: IO[str] | None = None,
    capture: IO[str] | None = None,
) -> None:
    """Send what structlog and the standard library log to a stream, which is standard error.

    As JSON, each line says that it is of `service`. `capture` also gets all of it as JSON, down to
    debug, whatever the level. A repeat replaces what was configured before.
    """
    stream = sys.stderr if stream is None else stream
    as_json = _as_json(EcsRenderer(service))
    formatter = as_json if log_format == "json" else _as_text(stream)
    handlers = [_handler(stream, level.upper(), formatter)]
    if capture is not None:
        handlers.append(_handler(capture, "DEBUG", as_json))
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
        self._messaging = logging.getLogger(_MESSAGING)
        self._turn = AtTurnsEnd(self._write)
        self._quiet_seconds = quiet_seconds
        self._monotonic = monotonic
        self._said: dict[str, float] = {}

    def handled(self, messages: Sequence[Handled]) -> None:
        """Log a line of each, all with one write."""
        if self._messaging.isEnabledFor(logging.INFO):
            self._turn.add(*messages)

    def _write(self, messages: Sequence[Handled]) -> None:
        now = datetime.now(UTC)
        lines = [MessageLine.of(message, now) for message in messages]
        write_lines(self._messaging, logging.INFO, lines)

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        """Warn of it."""
        self._log.warning(
            "parked", consumer=consumer, attempts=attempts, error=error, **told_ids(record)
        )

    def dead_lettered(self, consumer: str, record: Record, *, reason: str, error: str) -> None:
        """Log it as an error: an operator has to decide."""
        self._log.error(
            "dead letter", consumer=consumer, reason=reason, error=error, **told_ids(record)
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

    def published(self, topic: str, count: int, *, failed: bool) -> None:
        """Pass over it: whoever published knows what to say."""


def _without_colours(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Leave out what uvicorn says once more, with colours."""
    event.pop("color_message", None)
    return event


class LoggingBreakers:
    """Logs each change of a breaker."""

    def __init__(self) -> None:
        self._log = structlog.stdlib.get_logger("tradex.breakers")

    def begun(self, breaker: str) -> None:
        """That it is there is no news."""

    def changed(self, breaker: str, to: BreakerState, *, error: Exception | None) -> None:
        """Warn where it opens, and say why; say what else it does."""
        if error is None:
            self._log.info("breaker", breaker=breaker, to=to.value)
        else:
            why = f"{type(error).__name__}: {error}"
            self._log.warning("breaker", breaker=breaker, to=to.value, error=why)


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


def _as_json(renderer: EcsRenderer) -> "_Formatter":
    exceptions: list[Processor] = [name_the_error, structlog.processors.format_exc_info]
    return _Formatter(renderer.lines, [*exceptions, renderer])


def _as_text(stream: IO[str]) -> "_Formatter":
    renderer = structlog.dev.ConsoleRenderer(
        colors=stream.isatty(),
        exception_formatter=structlog.dev.plain_traceback,
    )
    return _Formatter(_text_of, [renderer])


def _text_of(lines: Lines, logger: str) -> str:
    return "\n".join(line.as_text(logger) for line in lines.lines)


def _handler(stream: IO[str], level: str, formatter: logging.Formatter) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setLevel(level)
    handler.setFormatter(formatter)
    return handler


class _Formatter(structlog.stdlib.ProcessorFormatter):
    """Renders lines that render themselves, and lets structlog render everything else."""

    def __init__(
        self, render: Callable[[Lines, str], str], processors: Sequence[Processor]
    ) -> None:
        super().__init__(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), _without_colours, *_shared()],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *processors],
        )
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.msg, Lines):
            return self._render(record.msg, record.name)
        return super().format(record)
