"""What the server makes of bytes that are no request, or more than one, or do not end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from apps.runtime.http_protocol import MAX_HEAD_BYTES
from apps.runtime.http_server import HttpServer

HOST = b"Host: gateway\r\n"
POST = b"POST / HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n"
BODY = b"2\r\n{}\r\n0\r\n\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"
PATIENCE = 10
"""Seconds after which a server that should answer has failed."""


class Seen:
    """An app that remembers which requests came, and with which headers when they were over."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.headers: list[list[bytes]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        self.paths.append(scope["path"])
        while (await receive()).get("more_body"):
            pass
        self.headers.append([name for name, _ in scope["headers"]])
        headers = [(b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 204, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
async def port(seen: Seen) -> AsyncIterator[int]:
    """Where a server listens."""
    server = HttpServer(seen, host="127.0.0.1", port=0, lifespan=False)
    await server.open()
    yield int(server.url.rpartition(":")[2])
    await server.close()


async def answer_to(port: int, *parts: bytes) -> bytes:
    """Return what a server says until it closes the connection, or says anything at all."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with asyncio.timeout(PATIENCE):
        for part in parts:
            writer.write(part)
            await writer.drain()
        told = await reader.read(65536)
    writer.close()
    return told


async def write_for_ever(writer: asyncio.StreamWriter) -> None:
    """Write until the other side does not listen any more."""
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 4\r\n" + CHUNKED + b"\r\n" + BODY + SMUGGLED,
        POST + CHUNKED + b"Content-Length: 4\r\n\r\n" + BODY + SMUGGLED,
        POST + b"Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + SMUGGLED,
        POST + b"Content-Length: 2, 40\r\n\r\n{}" + SMUGGLED,
        POST + b"Content-Length: +2\r\n\r\n{}",
        POST + b"Content-Length: -2\r\n\r\n{}",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n" + BODY + SMUGGLED,
        POST + b"Transfer-Encoding : chunked\r\n\r\n" + BODY + SMUGGLED,
        POST + CHUNKED + b"\r\nfffffffffffffffffff\r\n{}" + SMUGGLED,
        b"GET / HTTP/1.1\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\nHost: gateway\n\n",
        b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX\r\n\r\n",
        b"get / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00",
    ],
)
async def test_a_request_whose_end_two_servers_could_see_in_two_places_is_refused(
    port: int, seen: Seen, request_: bytes
) -> None:
    told = await answer_to(port, request_)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"connection: close" in told
    assert "/smuggled" not in seen.paths


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n"],
        [b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: x\r\n" % n for n in range(10_000)) + b"\r\n"],
        [b"GET /" + b"x" * MAX_HEAD_BYTES + b" HTTP/1.1\r\n" + HOST + b"\r\n"],
        [b"GET /", *([b"x" * 4096] * 20)],
    ],
    ids=["a long header", "many headers", "a long path", "a path without end"],
)
async def test_a_head_that_is_too_long_is_refused(
    port: int, seen: Seen, parts: list[bytes]
) -> None:
    assert (await answer_to(port, *parts)).startswith(b"HTTP/1.1 431 ")
    assert [] == seen.paths


async def test_a_header_without_end_is_cut_off(port: int, seen: Seen) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n" + HOST + b"X: ")
    with pytest.raises(ConnectionError):
        await asyncio.wait_for(write_for_ever(writer), PATIENCE)
    assert [] == seen.paths


async def test_a_head_within_the_bound_is_taken_one_after_another(port: int, seen: Seen) -> None:
    request = b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * (MAX_HEAD_BYTES - 100) + b"\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(request[:5000])
        await writer.drain()
        writer.write(request[5000:])
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
    writer.close()
    assert ["/"] * 3 == seen.paths


async def test_what_comes_behind_the_body_is_no_header(port: int, seen: Seen) -> None:
    trailer = b"2\r\n{}\r\n0\r\nIdempotency-Key: another\r\nAuthorization: Bearer x\r\n\r\n"
    told = await answer_to(port, POST + CHUNKED + b"\r\n", trailer)
    assert told.startswith(b"HTTP/1.1 204 ")
    assert [[b"host", b"transfer-encoding"]] == seen.headers


@pytest.mark.parametrize("protocol", [b"websocket", b"h2c"])
async def test_no_other_protocol_is_spoken(port: int, protocol: bytes) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n"
    told = await answer_to(port, b"GET / HTTP/1.1\r\n" + HOST + upgrade)
    assert told.startswith(b"HTTP/1.1 204 ")


async def test_the_server_says_nothing_of_itself(port: int) -> None:
    told = await answer_to(port, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert b"\r\nserver:" not in told.lower()
