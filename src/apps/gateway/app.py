"""The gateway as an ASGI app: its routes, its one guard, its wrappers, and its follower."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import structlog
from litestar import Litestar

from apps.gateway.access_log import AccessLog
from apps.gateway.collaborators import OPTION, Collaborators
from apps.gateway.cors import Cors
from apps.gateway.problems import HANDLERS
from apps.gateway.reading import MAX_BODY_BYTES
from apps.gateway.routes import auth, docs, health, operations, orders, products

_log = structlog.stdlib.get_logger("tradex.gateway")

ROUTES: Final = (
    auth.register,
    auth.login,
    auth.refresh,
    auth.logout,
    auth.me,
    products.create_product,
    products.update_product,
    products.adjust_stock,
    products.list_products,
    products.get_product,
    orders.create_order,
    orders.cancel_order,
    orders.advance_order,
    orders.list_orders,
    orders.get_order,
    orders.follow_order,
    operations.get_operation,
    operations.follow_operation,
    health.live,
    health.startup,
    health.ready,
    health.jwks,
    docs.openapi,
    docs.docs,
    docs.docs_asset,
)


def build_app(collaborators: Collaborators) -> Litestar:
    """Compose the app; its follower runs from its lifespan's start to its end."""
    app = Litestar(
        ROUTES,
        opt={OPTION: collaborators},
        before_request=collaborators.gatekeeper.admit,
        exception_handlers=dict(HANDLERS),
        lifespan=[lambda _: _following(collaborators)],
        request_max_body_size=MAX_BODY_BYTES,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    if collaborators.cors_origins:
        app.asgi_handler = Cors(app.asgi_handler, collaborators.cors_origins)
    app.asgi_handler = AccessLog(
        app.asgi_handler, collaborators.metrics, collaborators.request_tracer
    )
    return app


@asynccontextmanager
async def _following(collaborators: Collaborators) -> AsyncIterator[None]:
    follower = collaborators.follower
    batches = follower.start()
    task = asyncio.create_task(follower.run(batches), name="the gateway's follower")
    task.add_done_callback(lambda ended: _report(ended, collaborators))
    try:
        yield
    finally:
        collaborators.stopping.begin()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def _report(task: asyncio.Task[None], collaborators: Collaborators) -> None:
    if task.cancelled() or collaborators.stopping.begun:
        return
    error = task.exception() or RuntimeError("the broker ended the gateway's follower")
    _log.critical("follower ended", exc_info=error)
    collaborators.failed(error)
