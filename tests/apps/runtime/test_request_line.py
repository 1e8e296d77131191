import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import pytest
import structlog

from apps.runtime.log_lines import Lines
from apps.runtime.logging import configure_logging
from apps.runtime.request_line import RequestLine
from tradex_core.telemetry.contract import ECS_VERSION

TIME = "2024-01-15T10:00:00.250000Z"
AT = datetime(2024, 1, 15, 10, 0, 0, 250_000, tzinfo=UTC)
OPERATION_ID = "018d0c1e-8a00-7000-8000-0000000000f1"
ORDER_ID = "018d0c1e-8a00-7000-8000-00000000000a"


@pytest.fixture(autouse=True)
def _as_it_was_afterwards() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def a_line(operation_id: str | None = OPERATION_ID) -> RequestLine:
    return RequestLine(
        at=AT,
        level="info",
        message="POST /v1/orders/{order_id} 202",
        method="POST",
        route="/v1/orders/{order_id}",
        status=202,
        nanoseconds=1_250_000,
        correlation_id=operation_id,
        operation_id=operation_id,
        order_id=ORDER_ID,
    )


def logged(log_format: str, *lines: RequestLine) -> list[str]:
    stream = StringIO()
    configure_logging(log_format=log_format, level="info", service="gateway", stream=stream)
    log = logging.getLogger("tradex.access")
    log.handle(logging.LogRecord(log.name, logging.INFO, "", 0, Lines(lines), (), None))
    structlog.get_logger(log.name).info(
        "request",
        method="POST",
        route="/v1/orders/{order_id}",
        status=202,
        ms=1.25,
        operation_id=lines[0].operation_id,
    )
    return stream.getvalue().splitlines()


@pytest.mark.parametrize("operation_id", [None, OPERATION_ID])
def test_people_see_a_request_laid_out_like_any_other_line(operation_id: str | None) -> None:
    by_itself, by_structlog = logged("console", a_line(operation_id))
    assert re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", TIME, by_structlog) == by_itself


def test_as_json_a_request_has_the_fields_of_the_common_schema() -> None:
    by_itself, _ = logged("json", a_line())
    assert {
        "@timestamp": TIME,
        "log.level": "info",
        "message": "POST /v1/orders/{order_id} 202",
        "http.request.method": "POST",
        "http.route": "/v1/orders/{order_id}",
        "http.response.status_code": 202,
        "event.duration": 1_250_000,
        "tradex.correlation.id": OPERATION_ID,
        "tradex.operation.id": OPERATION_ID,
        "tradex.order.id": ORDER_ID,
        "log.logger": "tradex.access",
        "ecs.version": ECS_VERSION,
        "service.name": "gateway",
    } == json.loads(by_itself)


@pytest.mark.parametrize("log_format", ["console", "json"])
def test_lines_that_are_written_together_are_lines_of_their_own(log_format: str) -> None:
    assert 4 == len(logged(log_format, a_line(), a_line(None), a_line()))


def test_a_line_tells_how_long_its_request_took_in_nanoseconds() -> None:
    line = RequestLine.now(
        level="info",
        method="GET",
        route="/v1/me",
        status=200,
        seconds=0.012345678,
        place=None,
        operation_id=None,
        order_id=None,
    )
    assert (12_345_678, "GET /v1/me 200") == (line.nanoseconds, line.message)
