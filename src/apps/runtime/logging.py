"""One log for everything in the process: for people or as JSON, on standard error, without secrets."""

import logging
import sys
from collections.abc import Mapping
from typing import IO, Any, Final

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from apps.runtime.secret import MASK, SecretBytes, SecretText

_SENSITIVE: Final = ("password", "passwd", "secret", "token", "authorization", "cookie", "key_ring")
_HARMLESS: Final = frozenset({"tokentype", "token_type"})
_CHATTY: Final = ("asyncio", "httpcore", "httpx")
"""Loggers of other people's code whose debug lines nobody asked for."""


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
    if isinstance(value, SecretText | SecretBytes):
        return MASK
    if any(word in lowered for word in _SENSITIVE) and lowered not in _HARMLESS:
        return MASK
    if isinstance(value, Mapping):
        return {str(name): _redacted(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", inner) for inner in value]
    return value


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
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
    as_text = isinstance(renderer, structlog.processors.JSONRenderer)
    exceptions: list[Processor] = [structlog.processors.format_exc_info] if as_text else []
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *_shared()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *exceptions,
                renderer,
            ],
        )
    )
    return handler
