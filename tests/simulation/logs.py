"""What the platform logs, kept instead of printed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog


@contextmanager
def kept_in(lines: list[str]) -> Iterator[None]:
    """Keep every log line of the block in a list, whole, and print none."""

    def keep(_logger: object, method: str, event: Any) -> Any:  # noqa: ANN401 - structlog's types
        error = event.get("exc_info")
        lines.append(f"{method}: {event}" + (f" {error!r}" if error else ""))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[keep], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)
