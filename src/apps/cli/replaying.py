"""Runs the demo on a platform of its own and prints what came of it."""

import sys
from io import StringIO

import click
from rich.console import Console

from apps.cli.event_loop import run, unless_failed
from apps.cli.failures import Failure
from apps.demo.client import ApiError
from apps.demo.progress import reporting_on
from apps.demo.run import run_demo
from apps.demo.summary import Summary, show, to_json
from apps.platform.platform import Platform
from apps.runtime.http_server import AddressInUse
from apps.runtime.logging import configure_logging
from apps.runtime.service import BackgroundFailure
from apps.runtime.settings import NO_LIMITS, Settings
from tradex_core.errors import TradexError


def replay_demo(*, port: int, as_json: bool) -> None:
    """Run the demo, print its summary, and raise Failure unless all is well."""
    settings = Settings.embedded(
        http_port=port,
        argon2="owasp-minimum",
        log_level="warning",
        **NO_LIMITS,
    )
    try:
        summary = run(_demo(settings))
    except (AddressInUse, ApiError, BackgroundFailure, TradexError) as error:
        raise Failure(str(error)) from error
    if summary is None:
        msg = "the demo was interrupted: nothing of it is left"
        raise Failure(msg)
    if as_json:
        click.echo(to_json(summary))
    else:
        show(summary, Console())
    if not summary.all_is_well:
        msg = "the demo did not come out as promised: what is wrong stands above"
        raise Failure(msg)


async def _demo(settings: Settings) -> Summary:
    log = StringIO()
    configure_logging(log_format=settings.log_format, level=settings.log_level, capture=log)
    async with Platform.build(settings) as platform:
        demo = run_demo(platform, reporting_on(sys.stderr), log=log)
        return await unless_failed(demo, platform.wait_failed())
