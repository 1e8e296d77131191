import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from msgspec.structs import replace
from tests.builders.messages import (
    OPERATION_ID,
    ORDER_ID,
    a_handled,
    a_record,
    an_event,
    cancel_order,
    lying,
    signed,
    stock_reserved,
    with_headers,
)

from apps.runtime.logging import LoggingBreakers, LoggingObserver, configure_logging
from apps.runtime.secret import SecretBytes, SecretText
from tradex_core.errors import Outage
from tradex_core.messaging.breaker import BreakerState
from tradex_core.messaging.observer import Observer
from tradex_core.messaging.tracing import Entered, Trace
from tradex_core.telemetry.contract import ECS_VERSION

PLACE = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True)


class Writes(StringIO):
    """Keeps what is written at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def write(self, text: str) -> int:
        self.texts.append(text)
        return len(text)


@pytest.fixture(autouse=True)
def _as_it_was_afterwards() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def stream() -> StringIO:
    stream = StringIO()
    configure_logging(log_format="json", level="info", service="orders", stream=stream)
    return stream


def lines_of(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "Password",
        "new_password",
        "accessToken",
        "refresh_token",
        "Authorization",
        "client_secret",
        "set-cookie",
        "jwt_signing_key",
        "sealing_keys",
    ],
)
def test_what_is_secret_by_its_name_is_not_logged(stream: StringIO, key: str) -> None:
    structlog.get_logger().info("signed in", **{key: "hunter2"})

    [line] = lines_of(stream)
    assert "***" == line[f"labels.{key}"]


def test_what_is_secret_by_its_type_is_not_logged(stream: StringIO) -> None:
    structlog.get_logger().info("started", one=SecretText("hunter2"), other=SecretBytes(b"hunter2"))

    [line] = lines_of(stream)
    assert ("***", "***") == (line["labels.one"], line["labels.other"])


def test_secrets_are_found_however_deep_they_lie(stream: StringIO) -> None:
    structlog.get_logger().info(
        "asked", body={"items": [{"token": "hunter2"}], "inner": {"password": "hunter2"}}
    )

    assert "hunter2" not in stream.getvalue()
    [line] = lines_of(stream)
    expected = {"items": [{"token": "***"}], "inner": {"password": "***"}}
    assert expected == json.loads(line["labels.body"])


def test_what_is_not_secret_is_logged_as_it_is(stream: StringIO) -> None:
    structlog.get_logger("shop").info("ordered", order="42", tokenType="Bearer")

    [line] = lines_of(stream)
    assert ("ordered", "42", "Bearer", "info", "shop") == (
        line["message"],
        line["labels.order"],
        line["labels.tokenType"],
        line["log.level"],
        line["log.logger"],
    )


def test_the_standard_librarys_log_takes_the_same_way(stream: StringIO) -> None:
    logging.getLogger("uvicorn").warning("from %s", "elsewhere", extra={"authorization": "hunter2"})

    [line] = lines_of(stream)
    assert ("from elsewhere", "warning", "***") == (
        line["message"],
        line["log.level"],
        line["labels.authorization"],
    )


def test_a_traceback_comes_without_local_variables(stream: StringIO) -> None:
    def fail(password: str) -> None:
        raise ValueError

    try:
        fail("hunter2")
    except ValueError:
        structlog.get_logger().exception("failed")

    [line] = lines_of(stream)
    assert "ValueError" in line["error.stack_trace"]
    assert "'hunter2'" not in line["error.stack_trace"].replace('fail("hunter2")', "")


def test_what_is_below_the_level_is_not_logged(stream: StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("litestar").debug("detail")

    assert "" == stream.getvalue()


def test_a_capture_gets_everything_whatever_the_level() -> None:
    stream, capture = StringIO(), StringIO()
    configure_logging(log_format="console", level="warning", stream=stream, capture=capture)

    structlog.get_logger().debug("detail", password="hunter2")

    assert "" == stream.getvalue()
    [line] = lines_of(capture)
    assert ("detail", "***") == (line["message"], line["labels.password"])


def test_people_get_lines_without_colours_where_there_is_no_terminal() -> None:
    stream = StringIO()
    configure_logging(log_format="console", level="info", stream=stream)

    structlog.get_logger("shop").info("ordered", order="42")

    assert "\x1b" not in stream.getvalue()
    assert "ordered" in stream.getvalue()
    assert "order=42" in stream.getvalue()


def test_the_log_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(log_format="json", level="info")

    structlog.get_logger().info("hello")

    captured = capsys.readouterr()
    assert "" == captured.out
    assert "hello" in captured.err


def test_configuring_anew_replaces_what_was_before(stream: StringIO) -> None:
    later = StringIO()
    configure_logging(log_format="json", level="info", stream=later)

    structlog.get_logger().info("once")

    assert "" == stream.getvalue()
    assert 1 == len(lines_of(later))


def test_a_dead_letter_is_an_error(stream: StringIO) -> None:
    observer: Observer = LoggingObserver()

    observer.dead_lettered("orders", a_record(), reason="fatal", error="Forged: no")

    [line] = lines_of(stream)
    assert ("error", "order.commands-0-0", OPERATION_ID, "fatal") == (
        line["log.level"],
        line["tradex.message.position"],
        line["tradex.correlation.id"],
        line["tradex.reason"],
    )


def test_a_parked_message_is_a_warning(stream: StringIO) -> None:
    LoggingObserver().parked("orders", a_record(), attempts=2, error="Outage: away")

    [line] = lines_of(stream)
    assert ("warning", 2, "Outage: away") == (
        line["log.level"],
        line["tradex.attempts"],
        line["error.message"],
    )


def test_what_was_given_up_is_found_by_the_ids_of_its_operation_and_its_order(
    stream: StringIO,
) -> None:
    LoggingObserver().dead_lettered("orders", a_record(), reason="fatal", error="Forged: no")

    [line] = lines_of(stream)
    assert (OPERATION_ID, ORDER_ID) == (line["tradex.operation.id"], line["tradex.order.id"])


def test_an_event_that_is_tried_again_is_found_by_its_order_and_is_no_operation(
    stream: StringIO,
) -> None:
    record = lying(an_event(stock_reserved(), OPERATION_ID))

    LoggingObserver().parked("orders", record, attempts=2, error="Outage: away")

    [line] = lines_of(stream)
    assert (None, ORDER_ID) == (line.get("tradex.operation.id"), line["tradex.order.id"])


@pytest.mark.parametrize(
    "value",
    [None, b"", b"garbage", b"[" * 5000, b'{"data":{"orderId":"my password"}}', b'{"data":7}'],
)
def test_of_what_cannot_be_read_a_line_has_the_ids_that_its_headers_tell(
    stream: StringIO, value: bytes | None
) -> None:
    record = replace(a_record(), value=value)

    LoggingObserver().dead_lettered("orders", record, reason="undecodable", error="Undecodable: no")

    [line] = lines_of(stream)
    assert (OPERATION_ID, None) == (line["tradex.operation.id"], line.get("tradex.order.id"))


def test_an_id_that_would_begin_a_line_of_its_own_is_left_out(stream: StringIO) -> None:
    forged = with_headers(signed(cancel_order()), ce_id=b"1\x1b[2K\n2")

    LoggingObserver().dead_lettered("orders", lying(forged), reason="fatal", error="Forged: no")

    [line] = lines_of(stream)
    assert (None, ORDER_ID) == (line.get("tradex.operation.id"), line["tradex.order.id"])


def test_a_handled_message_has_a_line_with_its_ids_and_nothing_of_what_it_holds(
    stream: StringIO,
) -> None:
    LoggingObserver().handled([a_handled(trace=PLACE)])

    [line] = lines_of(stream)
    assert line.pop("@timestamp")
    assert {
        "log.level": "info",
        "message": "CANCEL_ORDER done",
        "tradex.consumer": "orders",
        "tradex.message.type": "CANCEL_ORDER",
        "tradex.message.id": OPERATION_ID,
        "tradex.message.topic": "order.commands",
        "tradex.message.position": "order.commands-0-0",
        "tradex.message.age": 3_000_000,
        "tradex.outcome": "done",
        "tradex.correlation.id": "a story",
        "tradex.operation.id": OPERATION_ID,
        "tradex.order.id": ORDER_ID,
        "trace.id": PLACE.trace_id,
        "span.id": PLACE.span_id,
        "log.logger": "tradex.messaging",
        "ecs.version": ECS_VERSION,
        "service.name": "orders",
    } == line


def test_an_event_is_no_operation(stream: StringIO) -> None:
    LoggingObserver().handled([a_handled(stock_reserved())])

    [line] = lines_of(stream)
    assert "tradex.operation.id" not in line
    assert ORDER_ID == line["tradex.order.id"]


async def test_the_messages_of_a_batch_are_written_together() -> None:
    writes = Writes()
    configure_logging(log_format="json", level="info", stream=writes)
    observer = LoggingObserver()

    for _ in range(3):
        observer.handled([a_handled()])
    await asyncio.sleep(0)

    assert [3] == [text.strip().count("CANCEL_ORDER done") for text in writes.texts]


def test_what_strangers_sent_begins_no_line_of_its_own() -> None:
    stream = StringIO()
    configure_logging(log_format="console", level="info", stream=stream)
    handled = a_handled()
    envelope = replace(handled.opened.envelope, correlation_id="a\nstory")
    opened = replace(handled.opened, envelope=envelope)

    LoggingObserver().handled([replace(handled, opened=opened)])

    [line] = stream.getvalue().splitlines()
    assert "correlation_id='a\\nstory'" in line


def test_whoever_wants_only_warnings_reads_nothing_of_what_goes_well(stream: StringIO) -> None:
    configure_logging(log_format="json", level="warning", stream=stream)

    LoggingObserver().handled([a_handled()])

    assert "" == stream.getvalue()


def test_an_error_tells_its_class_and_what_it_says(stream: StringIO) -> None:
    structlog.get_logger().error("failed", exc_info=ValueError("no such thing"))

    [line] = lines_of(stream)
    assert ("ValueError", "no such thing") == (line["error.type"], line["error.message"])


def test_every_line_tells_the_span_that_it_was_said_in(stream: StringIO) -> None:
    with Entered(PLACE):
        structlog.get_logger().info("said")

    [line] = lines_of(stream)
    assert (PLACE.trace_id, PLACE.span_id) == (line["trace.id"], line["span.id"])


def test_that_a_component_waits_is_said_now_and_then(stream: StringIO) -> None:
    times = iter([0.0, 1.0, 9.9, 10.0])
    observer = LoggingObserver(quiet_seconds=10, monotonic=lambda: next(times))

    for _ in range(4):
        observer.waiting("orders", OSError("away"))

    assert ["OSError: away", "OSError: away"] == [
        line["error.message"] for line in lines_of(stream)
    ]


def test_each_component_that_waits_is_heard(stream: StringIO) -> None:
    observer = LoggingObserver(monotonic=lambda: 0.0)

    observer.waiting("orders", OSError("away"))
    observer.waiting("catalog", OSError("away"))

    assert ["orders", "catalog"] == [line["tradex.component"] for line in lines_of(stream)]


def test_each_change_of_a_breaker_is_a_line_and_why_it_opened_a_warning(stream: StringIO) -> None:
    breakers = LoggingBreakers()
    breakers.begun("broker")
    breakers.changed("broker", BreakerState.OPEN, error=Outage("nobody listens on port 1"))
    breakers.changed("broker", BreakerState.HALF_OPEN, error=None)
    breakers.changed("broker", BreakerState.CLOSED, error=None)

    lines = lines_of(stream)
    assert [
        ("warning", "broker", "open"),
        ("info", "broker", "half_open"),
        ("info", "broker", "closed"),
    ] == [(line["log.level"], line["labels.breaker"], line["labels.to"]) for line in lines]
    assert "Outage: nobody listens on port 1" == lines[0]["error.message"]
