"""The whole platform in one process: started as one, drained as one."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Any, Self

from dependency_injector import providers

from apps.auth.admin_accounts import AdminAccounts
from apps.platform.container import PlatformContainer
from apps.runtime.checks import Checks
from apps.runtime.ending import bounded
from apps.runtime.health import HealthApp
from apps.runtime.http_protocol import HttpLimits
from apps.runtime.http_server import HttpServer
from apps.runtime.process import delivered
from apps.runtime.requirements import DATABASES
from apps.runtime.servers import Database
from apps.runtime.service import Background, Service
from apps.runtime.settings import Settings, variable
from apps.runtime.startup import Server, missing_topics, wait_for
from tradex_core.events import topics
from tradex_core.events.user import UserDocument

_QUIET_SECONDS = 2.0
_LOOK_AGAIN_SECONDS = 0.005


class Platform:
    """Gateway, services and projector in the loop that it is entered in.

    In memory or on servers, as the settings say. Entering waits for the servers; it raises
    AddressInUse, and NotStarted which says what is missing. Leaving stops the HTTP server first,
    then waits until everything that was accepted is handled, within five seconds in all.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.container = PlatformContainer(
            settings=settings,
            ready=providers.Object(self._ready),
            failed=providers.Object(self._gateway_failed),
        )
        parts: list[Any] = [
            self.container.auth,
            self.container.catalog,
            self.container.orders,
            self.container.projector,
        ]
        self.broker = self.container.broker()
        self.auth_database = self.container.auth.database()
        self.catalog_database = self.container.catalog.database()
        self.orders_database = self.container.orders.database()
        self.views_database = self.container.projector.database()
        self.services: list[Service] = [part.service() for part in parts]
        self._databases: dict[str, Database] = {
            service.name: part.database()
            for service, part in zip(self.services, parts, strict=True)
        }
        self._inspections = [part.inspection() for part in parts]
        self._checks = Checks(
            {
                "broker": self.broker.ping,
                **{f"{name} database": each.ping for name, each in self._databases.items()},
            },
            {service.name: partial(_is_ready, service) for service in self.services},
        )
        self._gateway = HttpServer(
            self.container.gateway.app(),
            host=settings.http_host,
            port=settings.http_port,
            limits=HttpLimits.of(settings),
        )
        self._internal = [
            HttpServer(self._health(), host=settings.metrics_host, port=port)
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
        """Where `/metrics` answers; None where no port is set for it."""
        return self._internal[0].url if self._internal else None

    async def __aenter__(self) -> Self:
        sockets = [server.bind() for server in self._servers]
        self._background = Background()
        self._background.start("the key rings", self.container.key_rings().run())
        try:
            await self._wait_for_servers()
        except BaseException:
            await self._close()
            raise
        for service in self.services:
            service.start(self._background)
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
        await self._close()

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
            await bounded(self._becomes_quiet(), timeout)
        except TimeoutError:
            return False
        return True

    async def _wait_for_servers(self) -> None:
        servers = {
            f"{name} database": Server(database.open, variable(DATABASES[name]))
            for name, database in self._databases.items()
        }
        broker = Server(self.broker.open, variable("kafka_bootstrap_servers"))
        await wait_for(
            {"broker": broker, **servers},
            [self._topics, *self._inspections],
            within=self.settings.startup_timeout,
        )

    async def _topics(self) -> Sequence[str]:
        """Make the topics of a broker in memory; of another, tell which are missing."""
        if self.settings.broker == "memory":
            await self.broker.apply(topics.all_topics())
        return await missing_topics(self.broker, [topic.name for topic in topics.all_topics()])

    def _health(self) -> HealthApp:
        consumers = {service.name: service.consumer.topics for service in self.services}
        backlogs = self.container.backlogs(self._databases, consumers)
        return HealthApp(
            self._ready,
            has_begun=lambda: bool(self._serving),
            metrics=self.container.metrics_app(backlogs, self._databases),
            before_metrics=backlogs.refresh,
            warnings=self.container.key_rings().warnings,
        )

    async def _ready(self) -> Mapping[str, bool]:
        return await self._checks()

    def _gateway_failed(self, cause: BaseException) -> None:
        self._background.fail("the gateway's follower", cause)

    async def _becomes_quiet(self) -> None:
        while not await self._is_quiet():  # noqa: ASYNC110 - looks at many places
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _is_quiet(self) -> bool:
        for database in self._databases.values():
            if await database.outbox.count() or await database.parking.count():
                return False
        return not sum([await self._lag(service) for service in self.services])

    async def _lag(self, service: Service) -> int:
        """Return how many records a service has yet to handle."""
        handled = {**await self.broker.committed(service.name), **service.consumer.uncommitted}
        behind = 0
        for topic in service.consumer.topics:
            for partition, (start, end) in (await self.broker.offsets(topic)).items():
                behind += end - max(start, handled.get((topic, partition), 0))
        return behind

    async def _close(self) -> None:
        await self._background.stop()
        await self._checks.stop()
        await self.broker.close()
        for database in self._databases.values():
            await database.close()
        await delivered(self.container.telemetry())
        self.container.auth.executor().shutdown(wait=False, cancel_futures=True)


def _is_ready(service: Service) -> bool:
    return service.ready
