"""Brokers with as much of Kafka's protocol as it takes to answer amiss, or not to let in."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from itertools import count
from pathlib import Path
from struct import pack, unpack

_METADATA = 3
_SASL_HANDSHAKE = 17
_API_VERSIONS = 18
_SASL_AUTHENTICATE = 36
_UNSUPPORTED_VERSION = 35
_SASL_AUTHENTICATION_FAILED = 58
_HANGING_UP = (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError)


@asynccontextmanager
async def a_broker_that_refuses_passwords(reason: str) -> AsyncIterator[str]:
    """Refuse every password, for this reason; yields the address."""
    async with _a_broker(partial(_refusal, reason)) as address:
        yield address


@asynccontextmanager
async def a_broker_that_counts_for_none() -> AsyncIterator[str]:
    """Tell of itself once, and then of no brokers, as one whose controller missed its heartbeats.

    Yields the address.
    """
    asked = count()
    async with _a_broker(lambda _, port: _cluster([] if next(asked) else [port])) as address:
        yield address


@asynccontextmanager
async def a_broker_with_a_certificate(certificate: Path) -> AsyncIterator[str]:
    """Offer TLS, and nothing behind it; yields the address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        yield _address(server)


@asynccontextmanager
async def _a_broker(answer: Callable[[int, int], bytes]) -> AsyncIterator[str]:
    """Answer by a request's API and our port, in the API's first versions; yields the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, port = writer.get_extra_info("sockname")
        with closing(writer), suppress(*_HANGING_UP):
            while True:
                (size,) = unpack(">i", await reader.readexactly(4))
                request = await reader.readexactly(size)
                key, version, correlation = unpack(">hhi", request[:8])
                body = _versions(version) if key == _API_VERSIONS else answer(key, port)
                writer.write(pack(">ii", 4 + len(body), correlation) + body)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield _address(server)


def _cluster(ports: Sequence[int]) -> bytes:
    brokers = (pack(">ih9sih", 1, 9, b"127.0.0.1", port, -1) for port in ports)
    return pack(">i", len(ports)) + b"".join(brokers) + pack(">ii", 1, 0)


def _versions(asked_in: int) -> bytes:
    error = _UNSUPPORTED_VERSION if asked_in else 0
    known = ((_METADATA, 1), (_SASL_HANDSHAKE, 1), (_API_VERSIONS, 0), (_SASL_AUTHENTICATE, 0))
    apis = b"".join(pack(">hhh", api, 0, highest) for api, highest in known)
    return pack(">hi", error, len(known)) + apis


def _refusal(reason: str, key: int, _: int) -> bytes:
    if key == _SASL_HANDSHAKE:
        return pack(">hih", 0, 1, 5) + b"PLAIN"
    return pack(">hh", _SASL_AUTHENTICATION_FAILED, len(reason)) + reason.encode() + pack(">i", 0)


def _address(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()
    return f"{host}:{port}"
