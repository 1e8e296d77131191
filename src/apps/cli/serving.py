"""Runs the platform until it is told to stop."""

import asyncio
import gc
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import click

from apps.cli.control import ControlServer, control_path
from apps.cli.event_loop import unless_failed
from apps.cli.failures import Failure
from apps.cli.long_running import run_until_told
from apps.demo.accounts import Account
from apps.demo.client import ApiError
from apps.demo.furnishing import furnish
from apps.platform.platform import Platform
from apps.runtime.settings import Settings
from tradex_core.events import codec

Announce = Callable[[str, Sequence[Account]], None]


def run_platform(settings: Settings, *, demo: bool, as_json: bool) -> None:
    """Run the platform until a signal; raises WrongUse, or Failure where it cannot go on."""
    announce = _announce_as_json if as_json else _announce
    try:
        work = serve(settings, demo=demo, announce=announce)
        run_until_told("the platform", work, settings, service="platform")
    except ApiError as error:
        raise Failure(str(error)) from error


async def serve(settings: Settings, *, demo: bool, announce: Announce) -> None:
    """Serve until cancelled, then drain; announces itself once it answers, and is furnished."""
    async with AsyncExitStack() as stack:
        platform = await stack.enter_async_context(Platform.build(settings))
        port = urlsplit(platform.url).port or settings.http_port
        if hasattr(asyncio, "start_unix_server"):
            path = control_path(settings.control_socket, port=port)
            await stack.enter_async_context(ControlServer(path, platform.create_admin))
        furnishing = furnish(platform) if demo else _nobody()
        accounts = await unless_failed(furnishing, platform.wait_failed())
        gc.freeze()  # what is there by now stays to the end: nobody need look through it again
        announce(platform.url, accounts)
        await platform.wait_failed()


async def _nobody() -> tuple[Account, ...]:
    return ()


def _announce(url: str, accounts: Sequence[Account]) -> None:
    for account in accounts:
        click.echo(f"{account.role:<6} {account.email}  password {account.password}")
    click.echo(f"ready {url}")


def _announce_as_json(url: str, accounts: Sequence[Account]) -> None:
    shown = [
        {"role": account.role, "email": account.email, "password": account.password}
        for account in accounts
    ]
    click.echo(codec.encode({"ready": url, "accounts": shown}))
