import logging
import re
from collections.abc import Iterator
from io import StringIO

import pytest
import structlog

from apps.runtime.logging import configure_logging
from apps.runtime.request_line import RequestLine

TIME = "2024-01-15T10:00:00.250000Z"
AT = 1_705_312_800.25


@pytest.fixture(autouse=True)
def _as_it_was_afterwards() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def a_line(operation_id: str | None) -> RequestLine:
    return RequestLine(
        method="POST",
        route="/v1/orders/{order_id}",
        status=202,
        ms=1.25,
        operation_id=operation_id,
        at=AT,
    )


@pytest.mark.parametrize("operation_id", [None, "018d0c1e-8a00-7000-8000-0000000000f1"])
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_a_request_is_laid_out_like_any_other_line(
    log_format: str, operation_id: str | None
) -> None:
    stream = StringIO()
    configure_logging(log_format=log_format, level="info", stream=stream)
    log, line = logging.getLogger("tradex.access"), a_line(operation_id)

    log.handle(logging.LogRecord(log.name, logging.INFO, "", 0, line, (), None))
    structlog.get_logger(log.name).info(
        "request",
        method=line.method,
        route=line.route,
        status=line.status,
        ms=line.ms,
        operation_id=operation_id,
    )

    by_itself, by_structlog = stream.getvalue().splitlines()
    theirs = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", TIME, by_structlog)
    if log_format == "json":
        theirs = theirs.replace(": ", ":").replace(", ", ",")
    assert theirs == by_itself


def test_a_line_tells_how_long_its_request_took_in_milliseconds() -> None:
    line = RequestLine.now(
        method="GET", route="/v1/me", status=200, seconds=0.0123456, operation_id=None
    )
    assert 12.35 == line.ms
