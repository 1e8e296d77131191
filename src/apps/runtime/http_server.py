"""The HTTP server, run inside the process's one event loop."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import uvicorn
from msgspec.structs import replace

from apps.runtime.http_protocol import BoundedProtocol, HttpLimits

_BACKLOG = 2048
_DRAIN_SECONDS = 2
_OTHER_FILES = 128
"""How many files a process opens beside its connections with clients, about."""


class AddressInUse(Exception):
    """Somebody else listens there."""


class _EmbeddedServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command line."""
        yield

    async def main_loop(self) -> None:
        """Serve until told to stop; listen no longer where cancelled, too."""
        try:
            await super().main_loop()
        finally:
            for server in self.servers:
                server.close()


class HttpServer:
    """Serves an ASGI app; requests in flight are answered before it stops, within two seconds.

    With `lifespan`, the app is told of its beginning and its end. There are never more connections
    than the `limits` say, nor than the process may open files.
    """

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - any ASGI app
        *,
        host: str,
        port: int,
        limits: HttpLimits | None = None,
        lifespan: bool = True,
    ) -> None:
        self.limits = _possible(limits or HttpLimits())
        protocol: Any = partial(BoundedProtocol, limits=self.limits)
        config = uvicorn.Config(
            app,
            http=protocol,
            ws="none",
            lifespan="auto" if lifespan else "off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
        self._server = _EmbeddedServer(config)
        self._host = host
        self._port = port
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    @property
    def connections(self) -> int:
        """How many there are."""
        return len(self._server.server_state.connections)

    def bind(self) -> socket.socket:
        """Listen; port 0 takes a free one. Raises AddressInUse, naming the remedy."""
        try:
            listening = socket.create_server((self._host, self._port), backlog=_BACKLOG)
        except OSError as error:
            address = f"{self._host}:{self._port}"
            msg = f"cannot listen on {address} ({error.strerror}): choose another --port"
            raise AddressInUse(msg) from error
        _notice_who_is_gone(listening, within=self.limits.send)
        port = listening.getsockname()[1]
        self.url = f"http://{self._host}:{port}"
        return listening

    async def run(self, listening: socket.socket) -> None:
        """Serve until `stop`, or until cancelled, which leaves what is in flight unanswered."""
        await self._server.serve(sockets=[listening])

    async def started(self) -> None:
        """Wait until requests are answered."""
        while not self._server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.002)

    def stop(self) -> None:
        """Accept nothing more, and answer what is in flight."""
        self._server.should_exit = True

    async def open(self) -> None:
        """Listen, and return once requests are answered; raises AddressInUse."""
        self._serving = asyncio.create_task(self.run(self.bind()))
        starting = asyncio.create_task(self.started())
        await asyncio.wait({self._serving, starting}, return_when=asyncio.FIRST_COMPLETED)
        starting.cancel()
        if self._serving.done():
            self._serving.result()

    async def close(self) -> None:
        """Accept nothing more, and return once what is in flight is answered.

        Cancelled, it leaves that unanswered; it may be called again.
        """
        self.stop()
        serving, self._serving = self._serving, None
        if serving is not None:
            await serving


def _possible(limits: HttpLimits) -> HttpLimits:
    """Return the limits, with no more connections than the process may open files for."""
    if sys.platform == "win32":
        return limits
    import resource  # noqa: PLC0415

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return limits
    return replace(limits, connections=min(limits.connections, max(1, files - _OTHER_FILES)))


def _notice_who_is_gone(listening: socket.socket, *, within: float) -> None:
    """Let the system end connections whose client is gone without a word, or reads nothing.

    What is accepted inherits it. Elsewhere than on Linux, clients that are gone take the hours that
    TCP gives them, unless something is sent to them.
    """
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if sys.platform == "linux":
        milliseconds = max(1, round(within * 1000))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, max(1, round(within / 2)))
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, max(1, round(within / 4)))
