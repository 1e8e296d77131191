"""Servers that let nobody in: what a wrong password and a strange certificate meet."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from struct import pack, unpack

_SASL_HANDSHAKE = 17
_API_VERSIONS = 18
_SASL_AUTHENTICATE = 36
_UNSUPPORTED_VERSION = 35
_SASL_AUTHENTICATION_FAILED = 58


@asynccontextmanager
async def a_broker_that_refuses_passwords(reason: str) -> AsyncIterator[str]:
    """Speak as much of Kafka's protocol as it takes to refuse one; yields the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (size,) = unpack(">i", await reader.readexactly(4))
                request = await reader.readexactly(size)
                key, version, correlation = unpack(">hhi", request[:8])
                answer = pack(">i", correlation) + _answer(key, version, reason)
                writer.write(pack(">i", len(answer)) + answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield _address(server)


@asynccontextmanager
async def a_broker_with_a_certificate(certificate: Path) -> AsyncIterator[str]:
    """Offer TLS, and nothing behind it; yields the address."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        yield _address(server)


def _address(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()
    return f"{host}:{port}"


def _answer(key: int, version: int, reason: str) -> bytes:
    if key == _API_VERSIONS:
        error = _UNSUPPORTED_VERSION if version else 0
        known = ((_SASL_HANDSHAKE, 1), (_API_VERSIONS, 0), (_SASL_AUTHENTICATE, 0))
        apis = b"".join(pack(">hhh", api, 0, highest) for api, highest in known)
        return pack(">hi", error, len(known)) + apis
    if key == _SASL_HANDSHAKE:
        return pack(">hih", 0, 1, 5) + b"PLAIN"
    return pack(">hh", _SASL_AUTHENTICATION_FAILED, len(reason)) + reason.encode() + pack(">i", 0)
