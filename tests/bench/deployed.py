"""What is measured on real servers: each row starts of them, and of the apps, what it needs.

What the environment names is not taken: others may work on it.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from tests.bench.skipping import Skipped
from tests.services.deployment import APPS, NO_LIMITS
from tests.services.servers.kafka import Kafka
from tests.services.servers.kafka_security import Security
from tests.services.servers.process import Unavailable
from tests.services.servers.server import temporary_folder
from tests.services.stack import App, Stack

from apps.runtime.settings import Settings

_SETTINGS: Final[Mapping[str, str]] = {
    **NO_LIMITS,
    "TRADEX_LOG_LEVEL": "warning",
    # What waits is measured, and is not to be given up meanwhile.
    "TRADEX_PENDING_TIMEOUT": "1h",
}


@asynccontextmanager
async def deployed(replicas: Mapping[str, int], *, secured: bool = False) -> AsyncIterator[Stack]:
    """Run the servers and so many replicas of each app, none of one that is not named.

    `secured`, Kafka speaks TLS and knows its users, and each may do what its ACLs allow. Raises
    Skipped where the servers cannot be had.
    """
    async with AsyncExitStack() as entered:
        folder = entered.enter_context(temporary_folder())
        try:
            stack = Stack(
                folder,
                dict.fromkeys(APPS, 0) | dict(replicas),
                settings=_SETTINGS,
                security=Security(folder / "tls", (*APPS, "operator")) if secured else None,
            )
            await entered.enter_async_context(stack)
        except Unavailable as error:
            raise Skipped(str(error)) from error
        yield stack


def signing_key(stack: Stack) -> bytes:
    """Return the key under which actors are signed."""
    ring = Settings.load(stack.environment("orders"), None).actor_signing_key
    assert ring is not None
    return ring.keys[0].key


@asynccontextmanager
async def kafka_alone() -> AsyncIterator[Kafka]:
    """Run Kafka; raises Skipped where it cannot be had."""
    async with AsyncExitStack() as entered:
        folder = entered.enter_context(temporary_folder())
        try:
            kafka = await entered.enter_async_context(Kafka(folder / "kafka"))
        except Unavailable as error:
            raise Skipped(str(error)) from error
        yield kafka


@asynccontextmanager
async def without(*apps: App) -> AsyncIterator[None]:
    """Do without some apps for a while."""
    for app in apps:
        await app.stop()
    try:
        yield
    finally:
        for app in apps:
            await app.start()
