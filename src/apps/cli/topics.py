"""`tradex topics`: makes the topics, and tells how they differ from what they should be."""

import click
from rich.console import Console

from apps.cli.container import OperatingContainer
from apps.cli.failures import Failure
from apps.cli.operated import needs_kafka, opened, operate, settings_for
from apps.cli.rendering import console, printable, table
from apps.operations.topics import State, TopicReport, apply_topics
from tradex_core.events import codec
from tradex_core.events.topics import all_topics

_STYLES = {State.CREATED: "green", State.MISSING: "yellow", State.DIFFERS: "bold red"}


def apply(*, dry_run: bool, as_json: bool) -> None:
    """Make what is missing and print what came of all; raises Failure where a topic differs."""
    settings = settings_for(needs_kafka("topics apply"))

    async def work() -> list[TopicReport]:
        container = OperatingContainer(settings=settings)
        async with opened(container.broker()) as broker:
            return await apply_topics(broker, all_topics(), dry_run=dry_run)

    reports = operate(work, "kafka_bootstrap_servers")
    if as_json:
        click.echo(codec.encode(reports))
    else:
        show(reports, console())
    differing = sum(report.state is State.DIFFERS for report in reports)
    if differing:
        msg = (
            f"{differing} of {len(reports)} topics differ from what Tradex needs, and are left as "
            "they are: what would change each stands above"
        )
        raise Failure(msg)


def show(reports: list[TopicReport], out: Console) -> None:
    """Print the topics for people."""
    found = table("topic", "partitions", "kept", "", whole=("topic",), right=("partitions",))
    for report in reports:
        days = report.retention_days
        found.add_row(
            report.topic,
            str(report.partitions),
            "for ever" if days is None else f"{days} days",
            printable(report.state, _STYLES.get(report.state, "dim")),
        )
    out.print(found)
    for report in reports:
        for difference in report.differences:
            out.print(printable(difference, "red"))
