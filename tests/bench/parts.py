"""What a POST /v1/orders is made of, without a server: `python -m tests.bench.parts`."""

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from time import process_time
from typing import Any, Final

import msgspec
from litestar import Litestar
from tests.bench.serving import PRODUCT_IDS, bare_app, gateway_alone, token_of_the_buyer
from tests.bench.shop import BUYER, an_order, body_of, lines_of, submit

from apps.cli.event_loop import run
from apps.gateway.bodies import NewOrder
from apps.platform.container import PlatformContainer
from apps.runtime.log_lines import Lines
from apps.runtime.logging import configure_logging
from apps.runtime.request_line import RequestLine
from tradex_core.events import codec, topics
from tradex_core.events.order import CreateOrder
from tradex_core.ids import OperationId
from tradex_core.messaging.broker import Message

_CALLS: Final = 1_000
_REPEATS: Final = 9

Work = Callable[[], Awaitable[object]]


class Parts(msgspec.Struct, frozen=True):
    """What each costs, the bare handler's own work being 1."""

    gateway: float
    token: float
    body: float
    operation_id: float
    command: float
    message: float
    broker: float
    log_line: float

    def note(self) -> str:
        """Say what the gateway's pace is made of."""
        extra = {
            "the access token": self.token,
            "an operation id that proves whose it is": self.operation_id,
            "the order's id and its command": self.command,
            "the message, signed and with its headers": self.message,
            "the broker": self.broker,
            "the access log": self.log_line,
        }
        listed = ", ".join(f"{name} {share:.2f}" for name, share in extra.items())
        rest = self.gateway - sum(extra.values()) - self.body
        return (
            "without the server, which costs both the same, a request takes the gateway "
            f"{self.gateway:.1f} times as long as the bare handler. What that has not to do comes "
            f"to {sum(extra.values()):.2f} ({listed}), the body to {self.body:.2f}, the framework "
            f"and all that lies between these to {rest:.2f}"
        )


class _Workbench:
    """The gateway, and each part of its work by itself."""

    def __init__(self, container: PlatformContainer) -> None:
        self._container = container
        self._gateway = container.gateway
        self._token = token_of_the_buyer(container)
        self._body = body_of(0, PRODUCT_IDS)
        self._build = an_order(lines_of(0, PRODUCT_IDS))
        self._numbers = count()
        self._log = logging.getLogger("tradex.access")

    async def check_the_token(self) -> None:
        self._gateway.token_verifier().verify(self._token)

    async def decode(self) -> None:
        codec.decode(self._body, NewOrder)

    async def issue(self) -> OperationId:
        operation_id: OperationId = self._gateway.operation_ids().issue(
            owner=BUYER.user_id, command=CreateOrder.command
        )
        return operation_id

    async def command(self) -> None:
        self._build(OperationId("018d0c1e-8a00-7000-8000-0000000000f1"))

    async def submit(self) -> None:
        await submit(self._gateway.submission(), CreateOrder, self._build, BUYER)

    async def publish(self) -> None:
        key = b"%036d" % next(self._numbers)
        headers = (("ce_id", key),) * 10
        message = Message(topics.ORDER_COMMANDS, key, self._body, headers)
        await self._container.broker().publish([message])

    async def log(self) -> None:
        line = RequestLine.now(
            level="info",
            method="POST",
            route="/v1/orders",
            status=202,
            seconds=0.001,
            operation_id="-" * 36,
            order_id="-" * 36,
        )
        record = logging.LogRecord(self._log.name, logging.INFO, "", 0, Lines([line]), (), None)
        self._log.handle(record)

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
    bare = await _seconds(bench.request(bare_app()))
    issuing, commanding, publishing = [
        await _seconds(work) for work in (bench.issue, bench.command, bench.publish)
    ]
    submitting = await _seconds(bench.submit)
    async with app.lifespan():
        gateway = await _seconds(bench.request(app))
    return Parts(
        gateway=gateway / bare,
        token=await _seconds(bench.check_the_token) / bare,
        body=await _seconds(bench.decode) / bare,
        operation_id=issuing / bare,
        command=commanding / bare,
        message=(submitting - issuing - commanding - publishing) / bare,
        broker=publishing / bare,
        log_line=await _seconds(bench.log) / bare,
    )


async def _seconds(work: Work) -> float:
    """Return the CPU time of a call: of several repeats the one that was disturbed least."""
    repeats = []
    for _ in range(_REPEATS):
        began = process_time()
        for _ in range(_CALLS):
            await work()
        repeats.append((process_time() - began) / _CALLS)
    return min(repeats)


def main() -> None:
    """Measure and print."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        configure_logging(log_format="console", level="info", stream=nowhere)
        parts = run(_measure())
    sys.stdout.buffer.write(msgspec.json.encode(parts))


if __name__ == "__main__":
    main()
