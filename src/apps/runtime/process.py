"""A process that runs one app on real servers: it waits for them, begins, and drains at its end."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from apps.runtime.checks import Checks
from apps.runtime.draining import Draining
from apps.runtime.http_server import HttpServer
from apps.runtime.key_rings import KeyRings
from apps.runtime.requirements import DATABASES
from apps.runtime.servers import Servers
from apps.runtime.service import Background
from apps.runtime.settings import Settings, variable
from apps.runtime.startup import Server, missing_topics, wait_for

_LAST_TRACES_SECONDS = 1.0
_MARGIN = 0.9
"""What part of the time to end in is shared out; the rest is for the interpreter to end in."""


class App(Protocol):
    """What runs in a process of its own."""

    @property
    def name(self) -> str:
        """Its name on the command line."""
        ...

    @property
    def servers(self) -> Servers:
        """What it uses of other servers."""
        ...

    @property
    def checks(self) -> Checks:
        """Whether it is ready."""
        ...

    async def begin(self, background: Background) -> None:
        """Begin, now that every server is there."""
        ...

    def let_go(self) -> None:
        """Let go of everybody who waits here, since it ends."""
        ...

    async def end(self, draining: Draining) -> None:
        """Finish what is at hand; nobody asks for anything more."""
        ...


class Telemetry(Protocol):
    """What delivers the traces of a process."""

    def close(self, within: float) -> None:
        """Deliver what waits, in so many seconds. Blocks."""
        ...


async def delivered(telemetry: Telemetry | None) -> None:
    """Let the last traces be delivered, if there are any, for a moment and no longer."""
    if telemetry is not None:
        await asyncio.to_thread(telemetry.close, _LAST_TRACES_SECONDS)


class Process:
    """One app while it is entered, in the loop that it is entered in.

    `listening` answers from the start, before the app has begun. Entering waits for the app's
    servers; it raises AddressInUse, and NotStarted which says what is missing. Leaving drains: no
    more requests, what is at hand finished, what is in the outbox published, the group left, every
    connection closed; within `shutdown_timeout` in all.
    """

    def __init__(
        self,
        app: App,
        listening: Sequence[HttpServer],
        settings: Settings,
        key_rings: KeyRings,
        telemetry: Telemetry | None = None,
    ) -> None:
        self._app = app
        self._listening = listening
        self._settings = settings
        self._key_rings = key_rings
        self._telemetry = telemetry

    @property
    def url(self) -> str:
        """Where it answers."""
        return self._listening[0].url

    async def __aenter__(self) -> Self:
        self._background = Background()
        self._background.start("the key rings", self._key_rings.run())
        try:
            for server in self._listening:
                await server.open()
            await self._wait_for_servers()
            await self._app.begin(self._background)
        except BaseException:
            await self._close(self._draining())
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        draining = self._draining()
        self._app.let_go()
        await draining.step("the HTTP server", self._stop_listening(), share=0.3)
        await self._app.end(draining)
        await self._close(draining)

    async def wait_failed(self) -> None:
        """Wait until something ends that should not; raises BackgroundFailure, which names it."""
        await self._background.failed()

    async def _wait_for_servers(self) -> None:
        used = self._app.servers
        bootstrap = variable("kafka_bootstrap_servers")

        async def topics() -> Sequence[str]:
            return await missing_topics(used.broker, used.topics)

        await wait_for(
            {
                "broker": Server(
                    used.broker.open, f"{bootstrap}={self._settings.kafka_bootstrap_servers}"
                ),
                "database": Server(used.database.open, variable(DATABASES[self._app.name])),
            },
            [topics, used.inspection],
            within=self._settings.startup_timeout,
        )

    def _draining(self) -> Draining:
        return Draining(_MARGIN * self._settings.shutdown_timeout)

    async def _stop_listening(self) -> None:
        await asyncio.gather(*(server.close() for server in self._listening))

    async def _close(self, draining: Draining) -> None:
        """Close everything that is open."""
        await draining.step("the HTTP server", self._stop_listening(), share=0.3)
        await draining.step("background work", self._background.stop(), share=0.2)
        await draining.step("the health checks", self._app.checks.stop(), share=0.1)
        await draining.step("the broker", self._app.servers.broker.close(), share=0.5)
        await draining.step("the database", self._app.servers.database.close(), share=0.2)
        await draining.step("the traces", delivered(self._telemetry), share=0.2)
