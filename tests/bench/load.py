"""The load generator: keep-alive connections that send one request after another, and a clock.

It runs in a process of its own: `python -m tests.bench.load` reads a Load as JSON on its standard
input and prints a Report.
"""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from math import ceil
from time import perf_counter
from typing import Final, cast

import msgspec
import uvloop

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"


class Load(msgspec.Struct, frozen=True, kw_only=True):
    """What to send where; `requests` are whole HTTP/1.1 requests, which the connections share.

    Answers within the first `warm_up` seconds do not count.
    """

    host: str
    port: int
    requests: tuple[bytes, ...]
    status: int
    connections: int = 32
    warm_up: float = 0.5
    seconds: float = 2.0


class Report(msgspec.Struct, frozen=True):
    """What came back: answers a second, how long they took in milliseconds, and those amiss."""

    per_second: float
    p50_ms: float
    p99_ms: float
    wrong: int


class LoadError(Exception):
    """The server closed a connection, or answered what is no HTTP/1.1."""


def request(
    method: str, path: str, *, host: str, headers: Sequence[str] = (), body: bytes = b""
) -> bytes:
    """Return an HTTP/1.1 request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {host}", f"content-length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + _HEAD_END + body


def report(latencies: Sequence[float], seconds: float, wrong: int) -> Report:
    """Sum up latencies, in seconds, of answers that came within so many seconds."""
    if not latencies:
        msg = "no request was answered: the server is too slow, or is not there"
        raise LoadError(msg)
    ordered = sorted(latencies)
    return Report(
        per_second=len(ordered) / seconds,
        p50_ms=_quantile(ordered, 0.50) * 1e3,
        p99_ms=_quantile(ordered, 0.99) * 1e3,
        wrong=wrong,
    )


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Return the smallest value that so large a share does not exceed (the nearest rank)."""
    return ordered[max(ceil(share * len(ordered)) - 1, 0)]


class Answers:
    """Cuts a stream of bytes into answers."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> int | None:
        """Take what arrived; return the answer's status once the whole of it is there.

        Raises LoadError where it is no answer, or has no length.
        """
        buffer = self._buffer + data if self._buffer else data
        head_end = buffer.find(_HEAD_END)
        if head_end < 0 or len(buffer) < head_end + len(_HEAD_END) + _length(buffer[:head_end]):
            self._buffer = buffer
            return None
        self._buffer = b""
        return int(buffer[9:12])


def _length(head: bytes) -> int:
    lowered = head.lower()
    if not lowered.startswith(b"http/1.1 "):
        msg = f"the server answered {head[:40]!r}"
        raise LoadError(msg)
    place = lowered.find(_LENGTH)
    if place < 0:
        msg = "an answer has no content-length"
        raise LoadError(msg)
    return int(lowered[place + len(_LENGTH) :].split(b"\r\n", 1)[0])


class _Connection(asyncio.Protocol):
    def __init__(self, load: Load, first: int, over: asyncio.Future[None]) -> None:
        self._load = load
        self._next = first
        self._over = over
        self._answers = Answers()
        self._sent_at = 0.0
        self.counts = False
        self.latencies: list[float] = []
        self.wrong = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        self._send()

    def data_received(self, data: bytes) -> None:
        try:
            status = self._answers.feed(data)
        except LoadError as error:
            return self._fail(error)
        if status is None:
            return None
        if self.counts:
            self.latencies.append(perf_counter() - self._sent_at)
        if status != self._load.status:
            self.wrong += 1
        if not self._over.done():
            self._send()
        return None

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(LoadError("the server closed a connection"))

    def _send(self) -> None:
        requests = self._load.requests
        self._next = (self._next + 1) % len(requests)
        self._sent_at = perf_counter()
        self._transport.write(requests[self._next])

    def _fail(self, error: LoadError) -> None:
        if not self._over.done():
            self._over.set_exception(error)

    def close(self) -> None:
        self._transport.abort()


async def put_under_load(load: Load) -> Report:
    """Send requests on every connection until the time is over; raises LoadError."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    connections = []
    for number in range(load.connections):
        connection = _Connection(load, number, over)
        await loop.create_connection(partial(_same, connection), load.host, load.port)
        connections.append(connection)
    loop.call_later(load.warm_up, _count, connections)
    loop.call_later(load.warm_up + load.seconds, _end, over)
    try:
        await over
    finally:
        for connection in connections:
            connection.close()
    latencies = [latency for each in connections for latency in each.latencies]
    return report(latencies, load.seconds, sum(each.wrong for each in connections))


def _same(connection: _Connection) -> _Connection:
    return connection


def _count(connections: Sequence[_Connection]) -> None:
    for connection in connections:
        connection.counts = True


def _end(over: asyncio.Future[None]) -> None:
    if not over.done():
        over.set_result(None)


def main() -> None:
    """Run one round."""
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    done = uvloop.run(put_under_load(load))
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
