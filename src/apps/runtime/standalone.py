"""A service as an app of its own: its loops, and its health and metrics on its port."""

import asyncio

from apps.runtime.checks import Checks
from apps.runtime.draining import Draining
from apps.runtime.servers import Servers
from apps.runtime.service import Background, Service

_LOOK_AGAIN_SECONDS = 0.05


class ServiceApp:
    """What a process of one service runs; ready while it runs and does not wait for a server."""

    def __init__(self, service: Service, servers: Servers) -> None:
        self.name = service.name
        self.servers = servers
        self._service = service
        self.has_begun = False
        self._is_running = False
        states = {"consumer": lambda: self._is_running and service.ready}
        self.checks = Checks(servers.pings, states)

    async def begin(self, background: Background) -> None:
        """Run the service's loops."""
        self._service.start(background)
        self.has_begun = self._is_running = True

    def let_go(self) -> None:
        """Say that it is not ready any more: nobody waits here."""
        self._is_running = False

    async def end(self, draining: Draining) -> None:
        """Finish the batch at hand, leave the group, and let the relay publish what is left."""
        await draining.step("the consumer", self._service.consumer.stop(), share=0.4)
        await draining.step("the outbox", self._emptied(), share=0.2)

    async def _emptied(self) -> None:
        while await self.servers.database.outbox.count():  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
