"""What runs in each process, and the one ASGI app through which all gateways answer."""

import asyncio
from functools import cache, partial
from typing import Any, cast

from litestar import Litestar
from tests.builders.uncounted import Uncounted
from tests.simulation.loop import OWNER
from tests.simulation.process import Process
from tests.simulation.wiring import gateway_of, service_of
from tests.simulation.world import World

from apps.gateway.app import build_app
from apps.gateway.collaborators import Collaborators
from apps.gateway.reading import HttpRequest
from apps.runtime.service import Background, BackgroundFailure, Service


async def boot(process: Process, world: World) -> None:
    """Run a process until it dies; what ends though it should go on for ever ends the process."""
    background = Background()
    if process.app == "gateway":
        collaborators = gateway_of(process, world)
        process.gateway = collaborators
        follower = collaborators.follower
        background.start("the follower", follower.run(follower.start()))
        process.stop_gently = partial(_stop_gateway, process, background)
    else:
        service = service_of(process, world)
        process.stop_gently = partial(_stop_service, process, background, service)
        world.topics_of[process.app] = service.consumer.topics
        background.start(f"{service.name}'s consumer", service.consumer.run())
        background.start(f"{service.name}'s relay", service.relay.run())
        for timer in service.timers:
            background.start(f"{service.name}'s timer", timer())
    try:
        await background.failed()
    except BackgroundFailure as failure:
        if process.is_stopping:
            return
        if failure.__cause__ is not None:
            world.surprise(f"{process.name}: {failure!r}")
        process.die(str(failure))


async def _stop_service(process: Process, background: Background, service: Service) -> None:
    await service.consumer.stop()
    await background.stop()
    process.die("is stopped")


async def _stop_gateway(process: Process, background: Background) -> None:
    process.gateway.stopping.begin()
    await asyncio.sleep(0.1)
    await background.stop()
    process.die("is stopped")


class _Current:
    """The collaborators of whichever gateway the running request came to."""

    cors_origins = ()
    request_tracer = None

    def __init__(self) -> None:
        self.gatekeeper = self
        self.metrics = Uncounted()  # what counts requests looks at a real clock

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - each collaborator its own
        return getattr(_gateway(), name)

    async def admit(self, request: HttpRequest) -> None:
        """Admit a request, as the current gatekeeper does."""
        await _gateway().gatekeeper.admit(request)


def _gateway() -> Collaborators:
    process = OWNER.get()
    assert isinstance(process, Process)
    return cast("Collaborators", process.gateway)


@cache
def asgi_app() -> Litestar:
    """Return the gateway's app, built once, since that takes as long as a whole run.

    Its collaborators are those of the process in which it is called.
    """
    return build_app(cast("Collaborators", _Current()))
