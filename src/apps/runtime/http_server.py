"""The HTTP server, run inside the process's one event loop."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

_BACKLOG = 2048
_DRAIN_SECONDS = 2


class AddressInUse(Exception):
    """Somebody else listens there."""


class _EmbeddedServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the command line."""
        yield


class HttpServer:
    """Serves an ASGI app; requests in flight are answered before it stops, within two seconds.

    With `lifespan`, the app is told of its beginning and its end.
    """

    def __init__(
        self,
        app: Any,  # noqa: ANN401 - any ASGI app
        *,
        host: str,
        port: int,
        lifespan: bool = True,
    ) -> None:
        config = uvicorn.Config(
            app,
            lifespan="auto" if lifespan else "off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_DRAIN_SECONDS,
        )
        self._server = _EmbeddedServer(config)
        self._host = host
        self._port = port
        self._serving: asyncio.Task[None] | None = None
        self.url = ""

    def bind(self) -> socket.socket:
        """Listen; port 0 takes a free one. Raises AddressInUse, naming the remedy."""
        try:
            listening = socket.create_server((self._host, self._port), backlog=_BACKLOG)
        except OSError as error:
            address = f"{self._host}:{self._port}"
            msg = f"cannot listen on {address} ({error.strerror}): choose another --port"
            raise AddressInUse(msg) from error
        port = listening.getsockname()[1]
        self.url = f"http://{self._host}:{port}"
        return listening

    async def run(self, listening: socket.socket) -> None:
        """Serve until `stop`."""
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
        """Accept nothing more, and return once what is in flight is answered."""
        self.stop()
        if self._serving is not None:
            await self._serving
