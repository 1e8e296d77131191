"""`tradex lag`: how far every consumer is behind."""

import click
from rich.console import Console

from apps.cli.asyncapi import parties
from apps.cli.container import OperatingContainer
from apps.cli.operated import needs_kafka, opened, operate, settings_for
from apps.cli.rendering import console, printable, table
from apps.cli.rights import FOLLOWS
from apps.operations.lag import LagReport, PartitionLag, measure_lag
from tradex_core.events import codec


def consumers() -> dict[str, tuple[str, ...]]:
    """Return the topics that each consumer group reads."""
    return {party.name: party.reads for party in parties() if party.name != FOLLOWS}


def print_lag(*, every_partition: bool, as_json: bool) -> None:
    """Measure and print."""
    settings = settings_for(needs_kafka("lag"))

    async def work() -> LagReport:
        container = OperatingContainer(settings=settings)
        async with opened(container.broker()) as broker:
            return await measure_lag(broker, consumers())

    report = operate(work, "kafka_bootstrap_servers")
    if as_json:
        click.echo(codec.encode(report))
    else:
        show(report, console(), every_partition=every_partition)


def show(report: LagReport, out: Console, *, every_partition: bool) -> None:
    """Print it for people: partitions where nothing waits only where all are asked for."""
    found = table(
        *("consumer", "topic", "partition", "committed", "end", "lag"),
        whole=("consumer", "topic"),
        right=("partition", "committed", "end", "lag"),
    )
    shown = [each for each in report.partitions if every_partition or each.lag]
    for each in shown:
        found.add_row(each.group, each.topic, *_numbers(each))
    if shown:
        out.print(found)
    for group in report.groups:
        waiting = f"{group.lag:,} to handle" if group.lag else "nothing to handle"
        out.print(printable(f"{group.group:<10} {waiting}", "yellow" if group.lag else "green"))


def _numbers(each: PartitionLag) -> tuple[str, ...]:
    committed = "never" if each.committed is None else f"{each.committed:,}"
    return str(each.partition), committed, f"{each.end:,}", f"{each.lag:,}"
