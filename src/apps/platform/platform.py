"""The whole platform in one process: started as one, drained as one."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from dependency_injector import providers

from apps.auth.admin_accounts import AdminAccounts
from apps.platform.container import PlatformContainer
from apps.runtime.http_server import HttpServer
from apps.runtime.service import Background, Service
from apps.runtime.settings import Settings
from tradex_core.events import topics
from tradex_core.events.user import UserDocument

_QUIET_SECONDS = 2.0
_LOOPBACK = "127.0.0.1"
_LOOK_AGAIN_SECONDS = 0.005


class Platform:
    """Gateway, services and projector on the in-memory adapters, in the loop it is entered in.

    Entering raises AddressInUse. Leaving stops the HTTP server first, then waits until everything
    that was accepted is handled, within five seconds in all.
    """

    def __init__(self, settings: Settings) -> None:
        self.container = PlatformContainer(
            settings=settings,
            ready=providers.Object(self._ready),
            failed=providers.Object(self._gateway_failed),
        )
        self.broker = self.container.broker()
        self.auth_database = self.container.auth.database()
        self.catalog_database = self.container.catalog.database()
        self.orders_database = self.container.orders.database()
        self.views_database = self.container.projector.database()
        self.services: list[Service] = [
            self.container.auth.service(),
            self.container.catalog.service(),
            self.container.orders.service(),
            self.container.projector.service(),
        ]
        self._gateway = HttpServer(
            self.container.gateway.app(), host=settings.http_host, port=settings.http_port
        )
        self._internal = [
            HttpServer(self.container.metrics_app(), host=_LOOPBACK, port=port)
            for port in (settings.metrics_port,)
            if port is not None
        ]
        self._servers = [self._gateway, *self._internal]
        self._serving: list[asyncio.Task[None]] = []

    @classmethod
    def build(cls, settings: Settings) -> Self:
        """Compose a platform; nothing runs before it is entered."""
        return cls(settings)

    @property
    def url(self) -> str:
        """Where it answers, once it is entered."""
        return self._gateway.url

    @property
    def internal_url(self) -> str | None:
        """Where `/metrics` answers, on loopback only; None where no port is set for it."""
        return self._internal[0].url if self._internal else None

    async def __aenter__(self) -> Self:
        sockets = [server.bind() for server in self._servers]
        await self.broker.apply(topics.all_topics())
        self._background = Background()
        for service in self.services:
            self._background.start(f"{service.name}'s consumer", service.consumer.run())
            self._background.start(f"{service.name}'s relay", service.relay.run())
            for timer in service.timers:
                self._background.start(f"{service.name}'s timer", timer())
        for server, listening in zip(self._servers, sockets, strict=True):
            self._serving.append(asyncio.create_task(server.run(listening)))
        for server in self._servers:
            await server.started()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.container.gateway.stopping().begin()
        for server in self._servers:
            server.stop()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self.quiet(_QUIET_SECONDS)
        for service in self.services:
            await service.consumer.stop()
        await self._background.stop()
        await self.broker.close()
        self.container.auth.executor().shutdown(wait=False, cancel_futures=True)

    async def wait_failed(self) -> None:
        """Wait until a background loop fails; raises BackgroundFailure, which names it."""
        await self._background.failed()

    async def create_admin(self, *, email: str, name: str, password: str) -> UserDocument:
        """Make an admin's account, as an operator at the command line does; raises a Refusal."""
        accounts: AdminAccounts = self.container.auth.admin_accounts()
        return await accounts.create(email=email, name=name, password=password)

    async def quiet(self, timeout: float) -> bool:
        """Wait until every message is handled and published; return whether that came in time."""
        try:
            async with asyncio.timeout(timeout):
                while not await self._is_quiet():  # noqa: ASYNC110 - looks at many places
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        except TimeoutError:
            return False
        return True

    async def _ready(self) -> Mapping[str, bool]:
        return {service.name: service.ready for service in self.services}

    def _gateway_failed(self, cause: BaseException) -> None:
        self._background.fail("the gateway's follower", cause)

    async def _is_quiet(self) -> bool:
        databases = (
            self.auth_database,
            self.catalog_database,
            self.orders_database,
            self.views_database,
        )
        if any(len(database.outbox) or len(database.parking) for database in databases):
            return False
        return not sum([await self.lag(service) for service in self.services])

    async def lag(self, service: Service) -> int:
        """Return how many records a service has yet to commit."""
        committed = await self.broker.committed(service.name)
        behind = 0
        for topic in service.consumer.topics:
            for partition, (start, end) in (await self.broker.offsets(topic)).items():
                behind += end - max(start, committed.get((topic, partition), 0))
        return behind
