"""Each app is killed once at each named point, and nothing is lost, doubled or oversold."""

import asyncio
import sys
from contextlib import suppress

from tests.services.faults.campaign import SETTINGS, Campaign
from tests.services.faults.doomed import POINTS, PUBLISH
from tests.services.servers.server import temporary_folder
from tests.services.stack import App, Stack

_PATIENCE_SECONDS = 60


def points_of(app: App) -> list[str]:
    """Return the points at which an app has work: a gateway publishes, a projector never does."""
    publishing = [point for point in POINTS if point.endswith(PUBLISH)]
    if app.kind == "gateway":
        return publishing
    return [p for p in POINTS if app.kind != "projector" or p not in publishing]


async def die_everywhere(app: App) -> None:
    """Let an app die at each of its points, one after the other, and then go on."""
    await app.process.stop()
    usual = app.process.command
    for point in points_of(app):
        await die(app, point)
    app.process.command = usual
    app.process.start()
    await app.ready()


async def die(app: App, point: str) -> None:
    """Run an app that dies at a point, until it has."""
    doomed = "tests.services.faults.doomed"
    app.process.command = [sys.executable, "-m", doomed, point, "run", app.kind]
    app.process.start()
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while app.process.is_running:  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.05)
    assert -9 == app.process.status, f"{app.name} {point}: {app.process.tail()}"


async def test_killed_at_every_point_the_promises_hold() -> None:
    with temporary_folder() as folder:
        stack = Stack(folder, settings=SETTINGS)
        async with stack, Campaign(stack, seed=1) as clients:
            await asyncio.gather(*(die_everywhere(app) for app in stack.apps.values()))
            assert [] == await clients.verdict()
