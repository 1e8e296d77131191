import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
import structlog

from apps.runtime.logging import LoggingObserver, configure_logging
from apps.runtime.secret import SecretBytes, SecretText
from tradex_core.messaging.observer import Observer


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
    configure_logging(log_format="json", level="info", stream=stream)
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
    assert "***" == line[key]


def test_what_is_secret_by_its_type_is_not_logged(stream: StringIO) -> None:
    structlog.get_logger().info("started", one=SecretText("hunter2"), other=SecretBytes(b"hunter2"))

    [line] = lines_of(stream)
    assert ("***", "***") == (line["one"], line["other"])


def test_secrets_are_found_however_deep_they_lie(stream: StringIO) -> None:
    structlog.get_logger().info(
        "asked", body={"items": [{"token": "hunter2"}], "inner": {"password": "hunter2"}}
    )

    assert "hunter2" not in stream.getvalue()
    [line] = lines_of(stream)
    assert {"items": [{"token": "***"}], "inner": {"password": "***"}} == line["body"]


def test_what_is_not_secret_is_logged_as_it_is(stream: StringIO) -> None:
    structlog.get_logger("shop").info("ordered", order="42", tokenType="Bearer")

    [line] = lines_of(stream)
    assert ("ordered", "42", "Bearer", "info", "shop") == (
        line["event"],
        line["order"],
        line["tokenType"],
        line["level"],
        line["logger"],
    )


def test_the_standard_librarys_log_takes_the_same_way(stream: StringIO) -> None:
    logging.getLogger("uvicorn").warning("from %s", "elsewhere", extra={"authorization": "hunter2"})

    [line] = lines_of(stream)
    assert ("from elsewhere", "warning", "***") == (
        line["event"],
        line["level"],
        line["authorization"],
    )


def test_a_traceback_comes_without_local_variables(stream: StringIO) -> None:
    def fail(password: str) -> None:
        raise ValueError

    try:
        fail("hunter2")
    except ValueError:
        structlog.get_logger().exception("failed")

    [line] = lines_of(stream)
    assert "ValueError" in line["exception"]
    assert "'hunter2'" not in line["exception"].replace('fail("hunter2")', "")


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
    assert ("detail", "***") == (line["event"], line["password"])


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

    observer.dead_lettered("orders", "order.commands-0-7", reason="fatal", error="Forged: no")

    [line] = lines_of(stream)
    assert ("error", "order.commands-0-7", "fatal") == (
        line["level"],
        line["position"],
        line["reason"],
    )


def test_a_parked_message_is_a_warning(stream: StringIO) -> None:
    LoggingObserver().parked("orders", "order.commands-0-7", attempts=2, error="Outage: away")

    [line] = lines_of(stream)
    assert ("warning", 2, "Outage: away") == (line["level"], line["attempts"], line["error"])


def test_a_handled_message_is_for_those_who_debug(stream: StringIO) -> None:
    observer = LoggingObserver()
    observer.handled("orders", "CREATE_ORDER", "done", age=timedelta(milliseconds=3))
    configure_logging(log_format="json", level="debug", stream=stream)
    observer.handled("orders", "CREATE_ORDER", "done", age=timedelta(milliseconds=3))

    [line] = lines_of(stream)
    assert ("debug", 3.0) == (line["level"], line["age_ms"])


def test_that_a_component_waits_is_said_now_and_then(stream: StringIO) -> None:
    times = iter([0.0, 1.0, 9.9, 10.0])
    observer = LoggingObserver(quiet_seconds=10, monotonic=lambda: next(times))

    for _ in range(4):
        observer.waiting("orders", OSError("away"))

    assert ["OSError: away", "OSError: away"] == [line["error"] for line in lines_of(stream)]


def test_each_component_that_waits_is_heard(stream: StringIO) -> None:
    observer = LoggingObserver(monotonic=lambda: 0.0)

    observer.waiting("orders", OSError("away"))
    observer.waiting("catalog", OSError("away"))

    assert ["orders", "catalog"] == [line["component"] for line in lines_of(stream)]
