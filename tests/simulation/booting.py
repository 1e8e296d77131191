"""What runs in each process, and the one ASGI app through which all gateways answer."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from apps.gateway.app import Collaborators, build_app
from apps.runtime.service import Background, BackgroundFailure
from tests.simulation.loop import OWNER
from tests.simulation.process import Process
from tests.simulation.wiring import gateway_of, service_of
from tests.simulation.world import World


async def boot(process: Process, world: World) -> None:
    """Run a process until it dies; what ends though it should go on for ever ends the process."""
    background = Background()
    if process.app == "gateway":
        collaborators = gateway_of(process, world)
        process.gateway = collaborators
        follower = collaborators.follower
        background.start("the follower", follower.run(follower.start()))
    else:
        service = service_of(process, world)
        world.topics_of[process.app] = service.consumer.topics
        background.start(f"{service.name}'s consumer", service.consumer.run())
        background.start(f"{service.name}'s relay", service.relay.run())
        for timer in service.timers:
            background.start(f"{service.name}'s timer", timer())
    try:
        await background.failed()
    except BackgroundFailure as failure:
        if failure.__cause__ is not None:
            world.surprise(f"{process.name}: {failure!r}")
        process.die(str(failure))


class _Current:
    """A collaborator of whichever gateway the running request came to."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the collaborator's own
        return getattr(_collaborator(self._name), name)

    async def admit(
        self, connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
    ) -> None:
        """Admit a request, as the current gatekeeper does."""
        await _collaborator(self._name).admit(connection, handler)

    def __call__(self, *args: Any) -> Any:  # noqa: ANN401
        return _collaborator(self._name)(*args)


def _collaborator(name: str) -> Any:  # noqa: ANN401
    process = OWNER.get()
    assert isinstance(process, Process)
    return getattr(process.gateway, name)


@cache
def asgi_app() -> Litestar:
    """Return the gateway's app, built once, since that takes as long as a whole run.

    Its collaborators are those of the process in which it is called.
    """
    names = Collaborators.__dataclass_fields__
    current: Mapping[str, Any] = {name: _Current(name) for name in names if name != "cors_origins"}
    return build_app(Collaborators(**current))
