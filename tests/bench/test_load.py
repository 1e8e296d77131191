import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from tests.bench.load import Answers, Load, LoadError, put_under_load, report, request

CONNECTIONS = 4
ANSWER = b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n{}"


def test_an_answer_is_whole_once_all_of_it_is_there() -> None:
    answers = Answers()
    for place in range(1, len(ANSWER)):
        assert answers.feed(ANSWER[place - 1 : place]) is None
    assert 202 == answers.feed(ANSWER[-1:])
    assert 202 == answers.feed(ANSWER)


@pytest.mark.parametrize("data", [b"SMTP ready\r\n\r\n", b"HTTP/1.1 200 OK\r\nserver: x\r\n\r\n"])
def test_what_is_no_answer_is_an_error(data: bytes) -> None:
    with pytest.raises(LoadError):
        Answers().feed(data)


def test_a_report_gives_the_nearest_ranks() -> None:
    found = report([number / 1000 for number in range(1, 101)], seconds=2.0, wrong=3)

    assert (50.0, 3) == (found.per_second, found.wrong)
    assert (50.0, 99.0) == pytest.approx((found.p50_ms, found.p99_ms))


def test_no_answer_at_all_is_an_error() -> None:
    with pytest.raises(LoadError, match="no request was answered"):
        report([], seconds=1.0, wrong=0)


class AnsweringEverything(asyncio.Protocol):
    def __init__(self, answer: bytes, lost: asyncio.Queue[None]) -> None:
        self._answer = answer
        self._lost = lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(self._answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost.put_nowait(None)


@asynccontextmanager
async def a_server(answer: bytes) -> AsyncIterator[int]:
    lost: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    async with await loop.create_server(
        lambda: AnsweringEverything(answer, lost), "127.0.0.1", 0
    ) as server:
        yield server.sockets[0].getsockname()[1]
        for _ in range(CONNECTIONS):
            await lost.get()


def a_load(port: int) -> Load:
    asked = request("GET", "/", host="here")
    return Load(
        host="127.0.0.1",
        port=port,
        requests=(asked,),
        status=202,
        connections=CONNECTIONS,
        warm_up=0.02,
        seconds=0.05,
    )


async def test_each_connection_sends_one_request_after_another() -> None:
    async with a_server(ANSWER) as port:
        found = await put_under_load(a_load(port))

    assert found.per_second > CONNECTIONS
    assert 0 == found.wrong
    assert 0 < found.p50_ms <= found.p99_ms


async def test_answers_of_another_status_are_counted() -> None:
    async with a_server(ANSWER.replace(b"202 Accepted", b"500 Oh")) as port:
        found = await put_under_load(a_load(port))

    assert found.wrong > 0
