"""`tradex db`: brings an app's database to what the code wants, and tells whether it is there."""

from collections.abc import Sequence

import click

from apps.cli.container import OperatingContainer
from apps.cli.failures import Failure
from apps.cli.operated import needs_database, operate, settings_for
from apps.cli.rendering import console, printable
from apps.operations.databases import Upgraded
from apps.runtime.requirements import DATABASES
from tradex_core.events import codec


def upgrade(app: str, *, as_json: bool) -> None:
    """Do what is missing in an app's database, and print from where to where that was."""
    settings = settings_for(needs_database(f"db upgrade {app}", app))

    async def work() -> Upgraded:
        return await OperatingContainer(settings=settings).migrations(app).upgrade()

    upgraded = operate(work, DATABASES[app])
    if as_json:
        click.echo(codec.encode({"app": app, **codec.to_builtins(upgraded)}))
    else:
        click.echo(f"{app}: {told(upgraded)}")


def check(app: str, *, as_json: bool) -> None:
    """Print what in an app's database is not as the code wants it; raises Failure for any."""
    settings = settings_for(needs_database(f"db check {app}", app))

    async def work() -> Sequence[str]:
        return await OperatingContainer(settings=settings).migrations(app).problems()

    problems = operate(work, DATABASES[app])
    if as_json:
        click.echo(codec.encode({"app": app, "problems": problems}))
    elif not problems:
        click.echo(f"{app}: as the code wants it")
    else:
        for problem in problems:
            console().print(printable(problem, "red"))
    if problems:
        msg = f"the {app} database is not as the code wants it"
        raise Failure(msg)


def told(upgraded: Upgraded) -> str:
    """Return what came of an upgrade, for people."""
    if upgraded.after is None:
        return "what was missing is made" if upgraded.changed else "nothing was missing"
    if not upgraded.changed:
        return f"at {upgraded.after} already"
    return f"from {upgraded.before or 'nothing'} to {upgraded.after}"
