"""Runs one app as its image does, until it is told to stop."""

import asyncio
import gc
from collections.abc import Callable
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import click

from apps.cli.control import ControlServer, control_path
from apps.cli.long_running import run_until_told
from apps.cli.processes import compose
from apps.runtime.container import RuntimeContainer
from apps.runtime.settings import Settings
from tradex_core.events import codec

Announce = Callable[[str], None]


def run_app(app: str, settings: Settings, *, as_json: bool) -> None:
    """Run an app until a signal; raises WrongUse, or Failure where it cannot go on."""
    announce = _announce_as_json if as_json else _announce
    run_until_told(app, serve(app, settings, announce), settings, service=app)


async def serve(app: str, settings: Settings, announce: Announce) -> None:
    """Serve until cancelled, then drain; announces itself once the app is ready."""
    composed = compose(app, RuntimeContainer(settings=settings, app=app))
    async with AsyncExitStack() as stack:
        process = await stack.enter_async_context(composed.process)
        if composed.create_admin is not None and hasattr(asyncio, "start_unix_server"):
            port = urlsplit(process.url).port or settings.http_port
            path = control_path(settings.control_socket, port=port)
            await stack.enter_async_context(ControlServer(path, composed.create_admin))
        gc.freeze()  # what is there by now stays to the end: nobody need look through it again
        announce(process.url)
        await process.wait_failed()


def _announce(url: str) -> None:
    click.echo(f"ready {url}")


def _announce_as_json(url: str) -> None:
    click.echo(codec.encode({"ready": url}))
