"""`tradex replay`: brings a restored database to where its service was."""

from datetime import UTC, datetime, timedelta
from typing import Final

import click

from apps.cli.container import OperatingContainer
from apps.cli.failures import WrongUse
from apps.cli.operated import needs_database, needs_kafka, opened, operate, settings_for
from apps.operations.replaying import Replayed
from apps.runtime.requirements import DATABASES, for_app
from tradex_core.events import codec

_LONGEST: Final = timedelta(days=7)
"""For how long commands are kept, and handled messages are known."""


def replay(app: str, *, since: str, dry_run: bool, as_json: bool) -> None:
    """Replay and print what came of it."""
    at = time_of(since, now=datetime.now(UTC))
    command = f"replay {app}"
    settings = settings_for(
        needs_kafka(command, key=True), needs_database(command, app), for_app(app)
    )

    async def work() -> Replayed:
        container = OperatingContainer(settings=settings)
        async with opened(container.broker()) as broker:
            replay = container.replay(app=app, broker=broker)
            try:
                return await replay.run(at, dry_run=dry_run)
            finally:
                await replay.database.close()

    report = operate(work, "kafka_bootstrap_servers", DATABASES[app])
    click.echo(codec.encode(report) if as_json else told(report))


def time_of(text: str, *, now: datetime) -> datetime:
    """Read a time of the last seven days; raises WrongUse."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        msg = f"--since {text!r} is no time: write it as 2026-05-04T02:00Z"
        raise WrongUse(msg) from error
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not now - _LONGEST <= at <= now:
        msg = f"--since {text} is not in the last 7 days: commands are kept no longer than that"
        raise WrongUse(msg)
    return at


def told(report: Replayed) -> str:
    """Return what came of a replay, for people."""
    timers = f" and {report.timers:,} timers" if report.timers else ""
    what = f"{report.app}: {report.messages:,} messages{timers} since {report.since:%FT%TZ}"
    done = "would be handled again" if report.dry_run else "handled again"
    lacking = "" if report.dry_run else f"; {report.published:,} messages were new to the topics"
    hand = "".join(f"\nmake this admin's account again: {each}" for each in report.by_hand)
    return f"{what} {done}{lacking}{hand}"
