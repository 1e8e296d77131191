"""HTTP between clients and gateways: requests that arrive or not, answers that come or not."""

import asyncio
from typing import Any, Final

import msgspec
from tests.simulation.booting import asgi_app
from tests.simulation.plan import Fault
from tests.simulation.process import Process
from tests.simulation.world import World

PATIENCE: Final = 2.5
"""After so many seconds a client waits no longer, unless it asked the gateway to wait longer."""

_FIRST_SERVER_ERROR: Final = 500


class Answer(msgspec.Struct, frozen=True):
    """What came back: a status of 0 says that nothing did, and nobody knows what happened."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes
    sure: bool
    """Whether the request had no effect, if it did not succeed."""

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON's own types
        """The body, read."""
        return msgspec.json.decode(self.body) if self.body else None

    @property
    def is_ok(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300


NOBODY_THERE: Final = Answer(0, {}, b"", sure=True)
NO_ANSWER: Final = Answer(0, {}, b"", sure=False)


class Network:
    """Takes requests to gateways and brings their answers back, as far as the faults let it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._app = asgi_app()

    async def call(
        self,
        process: Process | None,
        method: str,
        path: str,
        *,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        patience: float = PATIENCE,
        as_far_as_it_came: bool = False,
    ) -> Answer:
        """Send a request; never raises.

        Of a stream that is not over when patience ends there is an answer `as_far_as_it_came`.
        """
        world = self._world
        await asyncio.sleep(world.chance.random() * 0.01)
        if process is None or not process.alive or process.gateway is None:
            return NOBODY_THERE
        exchange = _Exchange(body)
        route, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "path": route,
            "raw_path": route.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "scheme": "http",
            "headers": headers,
            "client": ("203.0.113.7", 40000),
            "server": (process.name, 3000),
            "state": {},
            "extensions": {},
        }
        app: Any = self._app
        task = process.run(app(scope, exchange.receive, exchange.send))
        await asyncio.wait({task}, timeout=patience)
        exchange.gone.set()
        if as_far_as_it_came and exchange.has_begun:
            return exchange.answer()
        if not task.done() or task.cancelled() or not exchange.is_complete:
            return NO_ANSWER
        if task.exception() is not None:
            world.surprise(f"{method} {path} raised {task.exception()!r}")
            return NO_ANSWER
        if world.faults.happens(Fault.LOST_ANSWER):
            return NO_ANSWER
        return exchange.answer()


class _Exchange:
    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self._status = 0
        self._headers: dict[bytes, bytes] = {}
        self._parts: list[bytes] = []
        self.gone = asyncio.Event()
        self.is_complete = False

    @property
    def has_begun(self) -> bool:
        """Whether there is any answer."""
        return self._status > 0

    async def receive(self) -> dict[str, Any]:
        if self._body is not None:
            body, self._body = self._body, None
            return {"type": "http.request", "body": body, "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = dict(message["headers"])
            return
        self._parts.append(message.get("body", b""))
        self.is_complete = not message.get("more_body", False)

    def answer(self) -> Answer:
        """Return what was sent; a server's error leaves open what it did."""
        sure = self._status < _FIRST_SERVER_ERROR
        return Answer(self._status, self._headers, b"".join(self._parts), sure=sure)
