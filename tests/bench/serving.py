"""What is put under load, each in a process of its own: `python -m tests.bench.serving KIND …`.

It prints a Serving as one line of JSON once it answers, and serves until it is told to end.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final
from urllib.parse import urlsplit

import msgspec
from dependency_injector import providers
from litestar import Litestar, post
from litestar.status_codes import HTTP_202_ACCEPTED
from tests.bench.shop import BUYER, PRODUCTS, open_shop
from tests.bench.unwatched import unwatched
from tests.builders.views import a_product_id, a_product_view

from apps.cli.event_loop import run
from apps.gateway.bodies import NewOrder
from apps.gateway.reading import HttpRequest
from apps.platform.container import PlatformContainer
from apps.platform.platform import Platform
from apps.runtime.http_server import HttpServer
from apps.runtime.logging import configure_logging
from apps.runtime.settings import NO_LIMITS, Settings
from tradex_core.events import codec, topics
from tradex_core.events.fields import Wire
from tradex_core.views.ports import PRODUCT_VIEWS


class Serving(msgspec.Struct, frozen=True):
    """Where it answers, and what a client has to bring along."""

    host: str
    port: int
    token: str
    product_ids: tuple[str, ...]


class Accepted(Wire, frozen=True):
    """What the bare handler answers: as much as the gateway's 202 says."""

    operation_id: str
    status: str
    resource: str


@post("/v1/orders", status_code=HTTP_202_ACCEPTED)
async def accept(request: HttpRequest) -> Accepted:
    """Decode an order and accept it."""
    codec.decode(await request.body(), NewOrder)
    return Accepted(
        operation_id="018d0c1e-8a00-7000-8000-0000000000f1",
        status="pending",
        resource="/v1/orders/018d0c1e-8a00-7000-8000-00000000000a",
    )


def bare_app() -> Litestar:
    """Return the bare handler as an app."""
    return Litestar([accept], openapi_config=None, logging_config=None)


async def gateway_alone(**settings: object) -> PlatformContainer:
    """Compose the gateway as it is, on a broker from which nobody consumes, with a catalogue."""
    container = PlatformContainer(
        app=providers.Object("gateway"),
        settings=Settings.embedded(**{**NO_LIMITS, **settings}),
        ready=providers.Object(_nothing_more),
        failed=providers.Object(_fail),
    )
    await container.broker().open()
    await container.broker().apply(topics.all_topics())
    views = container.projector.database().views
    for number in range(PRODUCTS):
        view = a_product_view(number, price="18.50")
        views.write(PRODUCT_VIEWS, view.product_id, view)
    return container


def token_of_the_buyer(container: PlatformContainer) -> str:
    """Return an access token as the gateway issues one."""
    token: str = container.gateway.token_issuer().issue(BUYER.user_id, BUYER.role)
    return token


PRODUCT_IDS: Final = tuple(a_product_id(number) for number in range(PRODUCTS))
"""The products of the gateway that is alone."""


@asynccontextmanager
async def bare() -> AsyncIterator[Serving]:
    async with served(bare_app()) as url:
        yield _serving(url, token="none", product_ids=PRODUCT_IDS)


@asynccontextmanager
async def gateway(**settings: object) -> AsyncIterator[Serving]:
    container = await gateway_alone(**settings)
    async with served(container.gateway.app()) as url:
        yield _serving(url, token=token_of_the_buyer(container), product_ids=PRODUCT_IDS)


def gateway_on_kafka(address: str) -> AbstractAsyncContextManager[Serving]:
    """Serve the gateway on a real broker; all else of it is in memory."""
    return gateway(broker="kafka", kafka_bootstrap_servers=address)


def gateway_watched(collector: str, sampling: str) -> AbstractAsyncContextManager[Serving]:
    """Serve the gateway with a log for programs, and traces that go to a collector."""
    configure_logging(log_format="json", level="info")
    return gateway(otlp_endpoint=collector, trace_sampling=float(sampling))


@asynccontextmanager
async def gateway_unwatched() -> AsyncIterator[Serving]:
    """Serve the gateway without anything that tells of it."""
    configure_logging(log_format="json", level="error")
    container = unwatched(await gateway_alone())
    async with served(container.gateway.app()) as url:
        yield _serving(url, token=token_of_the_buyer(container), product_ids=PRODUCT_IDS)


def gateway_limited() -> AbstractAsyncContextManager[Serving]:
    """Serve the gateway with limits that are on and never reached."""
    return gateway(command_rate_limit=1_000_000)


@asynccontextmanager
async def platform() -> AsyncIterator[Serving]:
    async with Platform.build(Settings.embedded(http_port=0, **NO_LIMITS)) as running:
        shop = await open_shop(running)
        token = token_of_the_buyer(running.container)
        yield _serving(running.url, token=token, product_ids=shop.product_ids)


KINDS: Final[Mapping[str, Callable[..., AbstractAsyncContextManager[Serving]]]] = {
    "bare": bare,
    "gateway": gateway,
    "gateway-limited": gateway_limited,
    "gateway-on-kafka": gateway_on_kafka,
    "gateway-watched": gateway_watched,
    "gateway-unwatched": gateway_unwatched,
    "platform": platform,
}


@asynccontextmanager
async def served(app: object) -> AsyncIterator[str]:
    """Serve an app as the platform does, for a while; the URL is where."""
    server = HttpServer(app, host="127.0.0.1", port=0)
    task = asyncio.create_task(server.run(server.bind()))
    await server.started()
    try:
        yield server.url
    finally:
        server.stop()
        await task


def _serving(url: str, *, token: str, product_ids: Sequence[str]) -> Serving:
    address = urlsplit(url)
    return Serving(str(address.hostname), int(address.port or 0), token, tuple(product_ids))


async def _nothing_more() -> Mapping[str, bool]:
    return {}


def _fail(error: BaseException) -> None:
    raise error


async def _serve(kind: str, *given: str) -> None:
    async with KINDS[kind](*given) as serving:
        gc.freeze()  # as `tradex up` does
        sys.stdout.buffer.write(codec.encode(serving) + b"\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Serve what the command line names."""
    configure_logging(log_format="console", level="info")
    run(_serve(*sys.argv[1:]))


if __name__ == "__main__":
    main()
