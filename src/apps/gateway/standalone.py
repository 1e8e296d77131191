"""The gateway as an app of its own: on its port from the start, and answering once it has begun."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from dependency_injector import providers

from apps.gateway.container import GatewayContainer
from apps.gateway.following import FOLLOWED
from apps.gateway.problems import problem_answer, problem_of
from apps.gateway.routes.health import NotReady
from apps.runtime.checks import Checks
from apps.runtime.container import RuntimeContainer
from apps.runtime.draining import Draining
from apps.runtime.health import AsgiApp, HealthApp, Ready, Receive, Send
from apps.runtime.servers import Servers
from apps.runtime.service import Background
from tradex_core.events import topics


class GatewayApp:
    """What a gateway's process runs, and the ASGI app that its port serves all the while."""

    name = "gateway"

    def __init__(self, runtime: RuntimeContainer) -> None:
        self._container = GatewayContainer(
            settings=runtime.settings,
            broker=runtime.broker,
            clock=runtime.clock,
            entropy=runtime.entropy,
            signatures=runtime.signatures,
            key_rings=runtime.key_rings,
            tracer=runtime.tracer,
            breaker_observer=runtime.breakers,
            request_tracer=runtime.telemetry,
            observer=runtime.counts,
            declared=runtime.declared,
            ready=providers.Object(self._ready),
            failed=providers.Object(self._failed),
        )
        self.servers = Servers(
            broker=runtime.broker(),
            topics=(*FOLLOWED, *topics.COMMANDS),
            database=self._container.database(),
            inspection=self._container.inspection(),
        )
        self.checks: Checks = Checks(self.servers.pings, {})
        self._app = self._container.app()
        self.has_begun = False
        self._front: AsgiApp = _Starting(self.readiness)
        self._begun = AsyncExitStack()
        self._background: Background | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401
        """Serve a request."""
        await self._front(scope, receive, send)

    async def begin(self, background: Background) -> None:
        """Follow the replies, then answer requests."""
        self._background = background
        await self._begun.enter_async_context(self._app.lifespan())
        self._front = self._app
        self.has_begun = True

    def let_go(self) -> None:
        """Let go of those who wait for outcomes, and of those who follow events."""
        self._container.stopping().begin()

    async def end(self, draining: Draining) -> None:
        """Follow no more."""
        await draining.step("the follower", self._begun.aclose(), share=0.2)

    async def readiness(self) -> Mapping[str, bool]:
        """Return each thing that it needs by its name, and whether it is there."""
        checks: Mapping[str, bool] = await self._container.readiness().checks()
        return checks

    async def _ready(self) -> Mapping[str, bool]:
        return await self.checks()

    def _failed(self, cause: BaseException) -> None:
        if self._background is not None:
            self._background.fail("the gateway's follower", cause)


class _Starting:
    """Tells of a gateway's health before it has begun, and refuses everything else for a while."""

    def __init__(self, ready: Ready) -> None:
        self._health = HealthApp(ready, has_begun=lambda: False, is_public=True)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ANN401
        if scope["path"].startswith("/health/"):
            await self._health(scope, receive, send)
        else:
            refusal = problem_of(NotReady("The gateway is starting."), instance=scope["path"])
            await problem_answer(refusal)(scope, receive, send)
