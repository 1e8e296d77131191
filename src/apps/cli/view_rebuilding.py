"""`tradex views rebuild`: makes the gateway's views anew, and tells how the old ones compared."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from apps.cli.container import OperatingContainer
from apps.cli.failures import Failure
from apps.cli.operated import needs_database, needs_kafka, opened, operate, settings_for
from apps.cli.rendering import console, printable, table
from apps.operations.rebuilding import RebuildReport, Told, records_in, reported
from apps.projector.handlers import projector_routes
from apps.runtime.requirements import DATABASES
from tradex_core.events import codec

_COMMAND = "views rebuild"
_KAFKA = "kafka_bootstrap_servers"
_LINES = 10
_OUTCOMES = (
    "the views were what the topics say",
    "1 row was not what the topics say",
    "{:,} rows were not what the topics say",
)
"""Of how many rows that differ: none, one, more."""


def rebuild(*, only_equal: bool, as_json: bool) -> None:
    """Rebuild and print the comparison; raises Failure where different views had to stay."""
    settings = settings_for(needs_kafka(_COMMAND, key=True), needs_database(_COMMAND, "projector"))

    async def work() -> RebuildReport:
        container = OperatingContainer(settings=settings)
        async with opened(container.broker()) as broker:
            with progress(await records_in(broker, projector_routes().topics)) as told:
                rebuild = container.rebuild(broker=broker, told=told)
                return reported(await rebuild.run(swap_different=not only_equal))

    report = operate(work, _KAFKA, DATABASES["projector"])
    if as_json:
        click.echo(codec.encode(report))
    else:
        show(report, console())
    if not report.swapped:
        msg = "the views stay as they were: without --only-equal the new ones replace them"
        raise Failure(msg)


def show(report: RebuildReport, out: Console) -> None:
    """Print what came of it for people."""
    numbers = ("before", "rebuilt", "different")
    found = table("view", *numbers, "for example", whole=("view",), right=numbers)
    for each in report.tables:
        found.add_row(
            each.table,
            f"{each.live:,}",
            f"{each.rebuilt:,}",
            printable(f"{each.different:,}", "bold red" if each.different else "green"),
            printable("\n".join(each.examples)),
        )
    out.print(found)
    outcome = _OUTCOMES[min(report.different, 2)].format(report.different)
    now = "the rebuilt ones" if report.swapped else "the old ones"
    out.print(f"{report.records:,} records replayed; {outcome}; {now} are read now")


@contextmanager
def progress(total: int) -> Iterator[Told]:
    """Show how much of so many records is replayed: a bar on a terminal, else a line at times."""
    if not sys.stderr.isatty():
        yield _lines(total)
        return
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda more: bar.update(task, advance=more)


def _lines(total: int) -> Told:
    done = 0

    def told(more: int) -> None:
        nonlocal done
        before, done = done, done + more
        if total and done * _LINES // total > before * _LINES // total:
            click.echo(f"replayed {done:,} of {total:,} records", err=True)

    return told
