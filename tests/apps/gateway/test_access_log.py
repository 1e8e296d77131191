import asyncio
import logging
from time import perf_counter
from typing import Any

import httpx
import pytest
from litestar.types import ASGIApp, HTTPReceiveMessage, Message, Receive, Scope, Send
from tests.apps.runtime.away import until

from apps.gateway.access_log import AccessLog
from apps.runtime.http_server import HttpServer
from apps.runtime.log_lines import Lines
from apps.runtime.request_line import RequestLine
from tradex_core.messaging.tracing import Trace


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    scope["path_template"] = scope["path"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b"1")]})


async def break_down(scope: Scope, receive: Receive, send: Send) -> None:
    scope["path_template"] = "/v1/broken"
    raise ValueError


async def stand_still(scope: Scope, receive: Receive, send: Send) -> None:
    scope["path_template"] = "/v1/orders"
    await asyncio.Event().wait()


class Counts:
    """Keeps what it hears of requests."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.heard: list[tuple[str, str, int]] = []
        self.seconds: list[float] = []

    def begun(self) -> None:
        self.in_flight += 1

    def answered(
        self, *, method: str, route: str, status: int, seconds: float, trace: Trace | None
    ) -> None:
        self.in_flight -= 1
        self.heard.append((method, route, status))
        self.seconds.append(seconds)

    def finished(self, *, command: str, status: str, seconds: float) -> None:
        raise AssertionError


async def ask(app: ASGIApp, path: str = "/v1/products") -> list[Any]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> HTTPReceiveMessage:
        raise AssertionError

    scope: Any = {"type": "http", "method": "GET", "path": path, "state": {"operation_id": "op"}}
    await app(scope, receive, send)
    return sent


def lines_in(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, str, int]]:
    return [
        (record.levelname, line.status, line.route, len(line.operation_id or ""))
        for record in caplog.records
        if isinstance(record.msg, Lines)
        for line in record.msg.lines
        if isinstance(line, RequestLine)
    ]


async def test_the_requests_of_one_turn_of_the_loop_are_logged_at_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    app = AccessLog(answer, Counts())

    await ask(app, "/v1/products")
    await ask(app, "/v1/orders")
    assert [] == lines_in(caplog)
    await asyncio.sleep(0)

    assert [("INFO", 200, "/v1/products", 2), ("INFO", 200, "/v1/orders", 2)] == lines_in(caplog)


async def test_a_request_that_was_never_answered_is_logged_too(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it is
        await ask(AccessLog(break_down, Counts()))
    await asyncio.sleep(0)

    assert [("INFO", 0, "/v1/broken", 2)] == lines_in(caplog)


@pytest.mark.parametrize(("level", "lines"), [(logging.INFO, 0), (logging.DEBUG, 1)])
async def test_whoever_asks_for_health_is_seen_only_by_those_who_debug(
    caplog: pytest.LogCaptureFixture, level: int, lines: int
) -> None:
    caplog.set_level(level)
    await ask(AccessLog(answer, Counts()), "/health/live")
    await asyncio.sleep(0)

    assert lines == len(lines_in(caplog))


async def test_no_answer_is_to_be_taken_for_another_type_than_it_says() -> None:
    [start] = await ask(AccessLog(answer, Counts()))

    assert [(b"etag", b"1"), (b"x-content-type-options", b"nosniff")] == start["headers"][:2]


async def test_a_request_is_counted_by_its_route_once_it_is_over() -> None:
    counts = Counts()

    async def look(scope: Scope, receive: Receive, send: Send) -> None:
        assert 1 == counts.in_flight
        await answer(scope, receive, send)

    await ask(AccessLog(look, counts), "/v1/products")
    with pytest.raises(ValueError):  # noqa: PT011 - whatever it is
        await ask(AccessLog(break_down, counts))
    await asyncio.sleep(0)

    assert [("GET", "/v1/products", 200), ("GET", "/v1/broken", 0)] == counts.heard
    assert 0 == counts.in_flight


async def test_how_long_an_answer_took_is_told_until_it_began() -> None:
    counts, has_begun = Counts(), 0.0

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal has_begun
        await answer(scope, receive, send)
        has_begun = perf_counter()
        await asyncio.sleep(0.01)

    asked = perf_counter()
    await ask(AccessLog(stream, counts))
    await asyncio.sleep(0)

    assert counts.seconds[0] <= has_begun - asked


async def test_nothing_that_a_client_writes_is_in_the_log(
    anyone: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    forged = "forged%0a2024-01-15%20[critical]"
    await anyone.get(f"/v1/orders/{forged}?token={forged}", headers={"user-agent": "forged"})
    await anyone.post("/v1/auth/login", content="forged\n", headers={"content-type": "forged"})
    await anyone.request("FORGED", "/forged/path")
    await asyncio.sleep(0)

    ours = [record for record in caplog.records if record.name.startswith("tradex")]
    assert ours
    assert [] == [record for record in ours if "forged" in repr(record.msg)]


async def test_what_the_end_of_the_server_interrupts_is_asked_to_come_again() -> None:
    counts = Counts()
    server = HttpServer(AccessLog(stand_still, counts), host="127.0.0.1", port=0, lifespan=False)
    await server.open()
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:
        asking = asyncio.create_task(client.post("/v1/orders"))
        await until(lambda: counts.in_flight == 1)
        await server.close()
        answer = await asking
    assert (503, "1") == (answer.status_code, answer.headers["retry-after"])
    assert ("unavailable", "/v1/orders") == (answer.json()["type"], answer.json()["instance"])
    assert [("POST", "/v1/orders", 503)] == counts.heard
