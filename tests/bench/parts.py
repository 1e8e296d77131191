"""What a POST /v1/orders is made of, without a server: `python -m tests.bench.parts`."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any, Final

import msgspec
from litestar import Litestar, post
from litestar.handlers import HTTPRouteHandler
from litestar.status_codes import HTTP_202_ACCEPTED
from litestar.types import BeforeRequestHookHandler
from tests.bench.serving import PRODUCT_IDS, bare_app, gateway_alone, token_of_the_buyer
from tests.bench.shop import BUYER, an_order, body_of, lines_of, submit

from apps.cli.event_loop import run
from apps.gateway.access_log import AccessLog
from apps.gateway.answers import Answer
from apps.gateway.bodies import NewOrder
from apps.gateway.reading import HttpRequest, read_body
from apps.platform.container import PlatformContainer
from apps.runtime.logging import configure_logging
from tradex_core.events.order import CreateOrder
from tradex_core.ids import OperationId

_TURNS: Final = 4
_A_TURN: Final = 32
"""How many requests a turn of the event loop answers, which then writes their log."""
_REPEATS: Final = 33

Work = Callable[[], Awaitable[object]]


class Parts(msgspec.Struct, frozen=True):
    """What each costs, the bare handler's own work being 1."""

    gateway: float
    framework: float
    caller: float
    body: float
    prices: float
    operation_id: float
    publishing: float
    wrapper: float

    def note(self) -> str:
        """Say what the gateway's pace is made of."""
        parts = {
            "the framework with a handler that has its answer ready": self.framework,
            "the caller's token, account and right": self.caller,
            "the body, read and searched for repeated keys": self.body,
            "the prices, past the breaker of the database": self.prices,
            "the operation id that proves whose it is": self.operation_id,
            "its command in a signed message, past a breaker to the broker": self.publishing,
            "being counted, logged and given the headers of every answer": self.wrapper,
        }
        listed = ", ".join(f"{name} {share:.2f}" for name, share in parts.items())
        rest = self.gateway - sum(parts.values())
        return (
            "without the server, which costs both the same, a request takes the gateway "
            f"{self.gateway:.1f} times as long as the bare handler: {listed}, and what ties "
            f"these together {rest:.2f}"
        )


@post("/v1/orders", status_code=HTTP_202_ACCEPTED)
async def _ready(request: HttpRequest) -> Answer:
    return Answer(HTTP_202_ACCEPTED, b"{}")


@post("/v1/orders", status_code=HTTP_202_ACCEPTED)
async def _reading(request: HttpRequest) -> Answer:
    await read_body(request, NewOrder)
    return Answer(HTTP_202_ACCEPTED, b"{}")


class _Workbench:
    """The gateway, and each part of its work by itself."""

    def __init__(self, container: PlatformContainer) -> None:
        self._gateway = container.gateway
        self._token = token_of_the_buyer(container)
        self._body = body_of(0, PRODUCT_IDS)
        self._build = an_order(lines_of(0, PRODUCT_IDS))
        self._bought = {line.product_id for line in lines_of(0, PRODUCT_IDS)}

    def framework(
        self, handler: HTTPRouteHandler = _ready, admit: "BeforeRequestHookHandler | None" = None
    ) -> Litestar:
        """Return an app of one route, which does no more than it is given to do."""
        return Litestar([handler], before_request=admit, openapi_config=None, logging_config=None)

    def admitting(self) -> Litestar:
        """Return an app that looks at who it is."""
        return self.framework(admit=self._gateway.collaborators().gatekeeper.admit)

    def wrapped(self) -> Litestar:
        """Return an app that is wrapped as the gateway is."""
        app = self.framework()
        app.asgi_handler = AccessLog(app.asgi_handler, self._gateway.metrics())
        return app

    async def price(self) -> None:
        await self._gateway.guarded_views().products_by_id(self._bought)

    async def issue(self) -> OperationId:
        operation_id: OperationId = self._gateway.operation_ids().issue(
            owner=BUYER.user_id, command=CreateOrder.command
        )
        return operation_id

    async def submit(self) -> None:
        await submit(self._gateway.submission(), CreateOrder, self._build, BUYER)

    def request(self, app: Litestar) -> Work:
        """Return a whole request of an app."""

        async def receive() -> Any:  # noqa: ANN401 - an ASGI message
            return {"type": "http.request", "body": self._body, "more_body": False}

        async def send(message: Any) -> None:  # noqa: ANN401 - an ASGI message
            assert message.get("status", 202) == 202, message

        async def work() -> None:
            await app(self._scope(), receive, send)

        return work

    def _scope(self) -> Any:  # noqa: ANN401 - an ASGI scope
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "server": ("127.0.0.1", 80),
            "client": ("127.0.0.1", 50_000),
            "scheme": "http",
            "method": "POST",
            "root_path": "",
            "path": "/v1/orders",
            "raw_path": b"/v1/orders",
            "query_string": b"",
            "headers": [
                (b"host", b"127.0.0.1:80"),
                (b"content-length", b"%d" % len(self._body)),
                (b"content-type", b"application/json"),
                (b"authorization", b"Bearer " + self._token.encode()),
            ],
            "state": {},
        }


async def _measure() -> Parts:
    container = await gateway_alone()
    bench = _Workbench(container)
    app: Litestar = container.gateway.app()
    request = bench.request(app)
    async with app.lifespan():
        bare, gateway = [
            min([await _turns(work) for _ in range(_REPEATS)])
            for work in (bench.request(bare_app()), request)
        ]

        async def beside(work: Work) -> float:
            return await _beside(request, work) / bare

        framework = await beside(bench.request(bench.framework()))
        issuing = await beside(bench.issue)
        return Parts(
            gateway=gateway / bare,
            framework=framework,
            caller=await beside(bench.request(bench.admitting())) - framework,
            body=await beside(bench.request(bench.framework(_reading))) - framework,
            prices=await beside(bench.price),
            operation_id=issuing,
            publishing=await beside(bench.submit) - issuing,
            wrapper=await beside(bench.request(bench.wrapped())) - framework,
        )


async def _beside(request: Work, work: Work) -> float:
    """Return what it costs after a request, which leaves the processor's caches cold."""
    pairs = [(await _turns(request, work), await _turns(request)) for _ in range(_REPEATS)]
    return median(both - alone for both, alone in pairs)


async def _turns(*works: Work) -> float:
    """Return the CPU time of a call of each."""
    began = process_time()
    for _ in range(_TURNS):
        for _ in range(_A_TURN):
            for work in works:
                await work()
        await asyncio.sleep(0)
    return (process_time() - began) / (_TURNS * _A_TURN)


def main() -> None:
    """Measure and print."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        configure_logging(log_format="console", level="info", stream=nowhere)
        parts = run(_measure())
    sys.stdout.buffer.write(msgspec.json.encode(parts))


if __name__ == "__main__":
    main()
