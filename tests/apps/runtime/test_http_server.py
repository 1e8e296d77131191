"""Clients that are slow, silent or gone, on real sockets: each is cut off, and nobody else is."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from apps.runtime.ending import bounded
from apps.runtime.http_protocol import HttpLimits
from apps.runtime.http_server import HttpServer

PATIENCE = 20.0
"""Seconds after which a connection that should have been cut off has not been."""
NEVER = 3600.0
SOON = 0.05
PATIENT = HttpLimits(head=NEVER, body=NEVER, send=NEVER, rest=NEVER)
GET = b"GET / HTTP/1.1\r\nhost: shop\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nhost: shop\r\ncontent-length: 4\r\n\r\n"
ENDLESS = b"GET /endless HTTP/1.1\r\nhost: shop\r\n\r\n"


class Heard(NamedTuple):
    """What a client heard before its connection was closed."""

    status: int | None
    problem: Any


class App:
    """Answers a request with its body; `/endless` is never done, and `/early` reads no body."""

    def __init__(self) -> None:
        self.begun = 0
        self.left = asyncio.Event()
        self.sent = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        self.begun += 1
        if scope["path"] == "/endless":
            await self._send_for_ever(receive, send)
            return
        body = b"" if scope["path"] == "/early" else await self._body(receive)
        if body is None:
            self.left.set()
            return
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _body(self, receive: Any) -> bytes | None:  # noqa: ANN401
        body = b""
        while True:
            event = await receive()
            if event["type"] == "http.disconnect":
                return None
            body += bytes(event["body"])
            if not event["more_body"]:
                return body

    async def _send_for_ever(self, receive: Any, send: Any) -> None:  # noqa: ANN401
        async def sending() -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                chunk = bytes(65_536)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                self.sent += 1
                await asyncio.sleep(0)

        task = asyncio.create_task(sending())
        while (await receive())["type"] != "http.disconnect":
            pass
        task.cancel()
        self.left.set()


class Client:
    """A client that sends what it is told and reads only when it is told."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def hear(self) -> Heard:
        """Read until the connection is closed."""
        async with asyncio.timeout(PATIENCE):
            try:
                data = await self._reader.read()
            except ConnectionResetError:
                return Heard(None, None)
        head, _, body = data.partition(b"\r\n\r\n")
        if not head:
            return Heard(None, None)
        return Heard(int(head.split()[1]), json.loads(body) if body.startswith(b"{") else body)

    async def answer(self) -> int:
        """Read one answer; the connection stays open."""
        async with asyncio.timeout(PATIENCE):
            head = await self._reader.readuntil(b"\r\n\r\n")
            [length] = [
                int(line.split(b":")[1])
                for line in head.lower().split(b"\r\n")
                if line.startswith(b"content-length")
            ]
            await self._reader.readexactly(length)
        return int(head.split()[1])

    async def read(self) -> None:
        """Read some of what has come."""
        await self._reader.read(65_536)

    def close(self) -> None:
        self._writer.close()


class Shop:
    """A server and its clients."""

    def __init__(self, limits: HttpLimits) -> None:
        self.app = App()
        self.server = HttpServer(self.app, host="127.0.0.1", port=0, limits=limits, lifespan=False)
        self._clients: list[Client] = []

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.server.url.removeprefix("http://").split(":")
        return host, int(port)

    async def client(self, *, receive_buffer: int | None = None) -> Client:
        sock = socket.socket()
        if receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, self.address)
        self._clients.append(Client(*await asyncio.open_connection(sock=sock)))
        return self._clients[-1]

    def leave(self) -> None:
        for client in self._clients:
            client.close()


@asynccontextmanager
async def open_shop(limits: HttpLimits) -> AsyncIterator[Shop]:
    """Serve for a while."""
    shop = Shop(limits)
    await shop.server.open()
    try:
        yield shop
    finally:
        shop.leave()
        await shop.server.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - anything at all may be waited for
            await asyncio.sleep(0.002)


async def test_a_client_that_says_nothing_is_cut_off() -> None:
    async with open_shop(replace(PATIENT, head=SOON)) as shop:
        client = await shop.client()
        assert Heard(None, None) == await client.hear()


@pytest.mark.parametrize("part", [b"G", GET[:-2], b"\r\n", POST[:-4]])
async def test_a_client_whose_headers_do_not_end_is_cut_off(part: bytes) -> None:
    async with open_shop(replace(PATIENT, head=SOON)) as shop:
        client = await shop.client()
        await client.send(part)
        heard = await client.hear()
        assert (408, "request_timeout") == (heard.status, heard.problem["type"])
        assert 0 == shop.app.begun


async def test_headers_that_trickle_in_do_not_prolong_their_time() -> None:
    async with open_shop(replace(PATIENT, head=0.3)) as shop:
        client = await shop.client()
        await client.send(GET[:-2])
        hearing = asyncio.create_task(client.hear())
        while not hearing.done():
            with suppress(ConnectionError):
                await client.send(b"x: y\r\n")
            await asyncio.sleep(0.05)
        assert 408 == (await hearing).status


async def test_a_second_request_has_no_more_time_for_its_headers_than_the_first() -> None:
    async with open_shop(replace(PATIENT, head=0.7)) as shop:
        client = await shop.client()
        await client.send(GET)
        assert 200 == await client.answer()
        await client.send(GET[:-2])
        assert 408 == (await client.hear()).status


async def test_a_client_whose_body_does_not_end_is_cut_off_and_its_handler_let_go() -> None:
    async with open_shop(replace(PATIENT, body=SOON)) as shop:
        client = await shop.client()
        await client.send(POST + b"ab")
        heard = await client.hear()
        assert (408, "request_timeout") == (heard.status, heard.problem["type"])
        await asyncio.wait_for(shop.app.left.wait(), PATIENCE)


async def test_a_body_that_nobody_wants_any_more_is_not_taken_for_ever() -> None:
    async with open_shop(replace(PATIENT, body=SOON)) as shop:
        client = await shop.client()
        await client.send(POST.replace(b"/", b"/early", 1) + b"ab")
        assert Heard(200, b"") == await client.hear()


async def test_headers_without_an_end_are_refused() -> None:
    async with open_shop(PATIENT) as shop:
        client = await shop.client()
        await client.send(GET[:-2])
        hearing = asyncio.create_task(client.hear())
        while not hearing.done():
            with suppress(ConnectionError):
                await client.send(b"x: " + b"y" * 10_000 + b"\r\n")
            await asyncio.sleep(0)
        assert (await hearing).status in {431, None}  # None: it was still sending
        assert 0 == shop.app.begun


async def test_a_connection_at_rest_is_closed() -> None:
    async with open_shop(replace(PATIENT, rest=SOON)) as shop:
        client = await shop.client()
        await client.send(GET)
        assert Heard(200, b"") == await client.hear()


async def test_a_client_that_does_not_read_its_stream_is_cut_off() -> None:
    async with open_shop(replace(PATIENT, send=0.2)) as shop:
        client = await shop.client(receive_buffer=4096)
        await client.send(ENDLESS)
        await asyncio.wait_for(shop.app.left.wait(), PATIENCE)
        sent = shop.app.sent
        await asyncio.sleep(0)
        assert sent == shop.app.sent


async def test_a_client_that_reads_its_stream_is_not_cut_off() -> None:
    async with open_shop(replace(PATIENT, send=1.0)) as shop:
        client, loop = await shop.client(), asyncio.get_running_loop()
        await client.send(ENDLESS)
        for_longer_than_that = loop.time() + 1.3
        while loop.time() < for_longer_than_that:
            await client.read()
        assert not shop.app.left.is_set()


async def test_requests_that_arrive_in_time_are_answered_one_after_the_other() -> None:
    async with open_shop(replace(PATIENT, head=1.0, body=1.0, send=1.0)) as shop:
        client = await shop.client()
        for head, body in (
            (POST[:-4], POST[-4:] + b"abcd"),
            (POST, b"abcd"),
            (POST + b"ab", b"cd"),
        ):
            await client.send(head)
            await asyncio.sleep(0.02)
            await client.send(body)
            assert 200 == await client.answer()
        await asyncio.sleep(1.1)  # longer than anything may take
        await client.send((POST + b"abcd") * 5)
        assert [200] * 5 == [await client.answer() for _ in range(5)]


async def test_one_connection_too_many_is_refused_and_those_that_are_there_stay() -> None:
    async with open_shop(replace(PATIENT, connections=2)) as shop:
        clients = [await shop.client() for _ in range(2)]
        for client in clients:
            await client.send(GET)
            assert 200 == await client.answer()
        heard = await (await shop.client()).hear()
        assert (503, "unavailable") == (heard.status, heard.problem["type"])
        await clients[0].send(GET)
        assert 200 == await clients[0].answer()
        clients[1].close()
        await until(lambda: shop.server.connections < 2)
        newcomer = await shop.client()
        await newcomer.send(GET)
        assert 200 == await newcomer.answer()


@pytest.mark.parametrize("seconds", [SOON, 0.5])
async def test_a_server_that_was_not_given_the_time_to_end_has_ended(seconds: float) -> None:
    async with open_shop(PATIENT) as shop:
        await (await shop.client()).send(ENDLESS)
        await until(lambda: shop.app.begun == 1)

        with pytest.raises(TimeoutError):
            await bounded(shop.server.close(), seconds)

        await shop.server.close()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(*shop.address)


def test_there_are_never_more_connections_than_the_process_may_open_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1024, 4096))
    assert Shop(HttpLimits(connections=5000)).server.limits.connections < 1024
    assert 10 == Shop(HttpLimits(connections=10)).server.limits.connections
