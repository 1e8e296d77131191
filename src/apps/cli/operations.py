"""The commands that operate a platform on real servers: what each is asked for.

They import what they run only when they run, as all commands do.
"""

from typing import Final

import click

from apps.cli.key_commands import keys
from tradex_core.events import topics as names

_APPS: Final = ("auth", "catalog", "gateway", "orders")
_REASONS: Final = ("exhausted", "fatal", "undecodable")
_SHOWN_BYTES: Final = 2_000

HANDLED: Final = (*names.COMMANDS, *names.EVENTS, names.COMMAND_REPLIES)
"""The topics whose messages are handled, and may be given up."""

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_app = click.argument("app", type=click.Choice(_APPS))
_topic = click.option(
    "--topic",
    type=click.Choice(HANDLED),
    metavar="TOPIC",
    help="Only what came from this topic.",
)
_consumer = click.option("--consumer", metavar="NAME", help="Only what this service gave up.")
_reason = click.option("--reason", type=click.Choice(_REASONS), help="Only what has this reason.")


@click.group(epilog="\b\nExample:\n  tradex topics apply --dry-run")
def topics() -> None:
    """Look after the topics in Kafka."""


@topics.command(
    epilog="\b\nExamples:\n  tradex topics apply --dry-run\n  tradex topics apply",
)
@click.option("--dry-run", is_flag=True, help="Create nothing; say what would be created.")
@_json
def apply(dry_run: bool, as_json: bool) -> None:  # noqa: FBT001
    """Create the topics that are missing.

    Checks those that are there, and changes none of them: exit status 1 where one has other
    partitions than it should, keeps its messages for another time, or takes smaller ones.
    """
    from apps.cli import topics as run  # noqa: PLC0415 - see the module's docstring

    run.apply(dry_run=dry_run, as_json=as_json)


@click.group(epilog="\b\nExample:\n  tradex acls apply --dry-run")
def acls() -> None:
    """Look after who may do what in Kafka."""


@acls.command(
    "apply",
    epilog="\b\nExamples:\n  tradex acls apply --dry-run\n"
    "  tradex acls apply --principal gateway=User:shop-gateway --client User:old-storefront",
)
@click.option("--dry-run", is_flag=True, help="Grant nothing; say what would be granted.")
@click.option(
    "--principal",
    "named",
    multiple=True,
    metavar="APP=PRINCIPAL",
    help="Who an app, or the `operator`, is to Kafka, where not `User:APP`.",
)
@click.option(
    "--client",
    "clients",
    multiple=True,
    metavar="PRINCIPAL",
    help="Who else may send commands to Kafka, and read the answers.",
)
@click.option(
    "--reader", "readers", multiple=True, metavar="PRINCIPAL", help="Who else may read events."
)
@_json
def apply_acls(
    dry_run: bool,  # noqa: FBT001
    named: tuple[str, ...],
    clients: tuple[str, ...],
    readers: tuple[str, ...],
    as_json: bool,  # noqa: FBT001
) -> None:
    """Grant each app what it needs in Kafka, and no more.

    It takes a super user of the cluster, and takes nothing away from anybody: exit status 1 where
    somebody may do more, or is banned.
    """
    from apps.cli import acls as run  # noqa: PLC0415 - see the module's docstring

    asked = run.Asked(named, clients, readers)
    run.apply(asked, dry_run=dry_run, as_json=as_json)


@click.group(epilog="\b\nExample:\n  tradex db upgrade orders")
def db() -> None:
    """Look after an app's database.

    The role in the database's URL must be allowed to make tables; the app's own need not be.
    """


@db.command(epilog="\b\nExample:\n  tradex db upgrade orders")
@_app
@_json
def upgrade(app: str, as_json: bool) -> None:  # noqa: FBT001
    """Bring an app's database to what this release needs; a repeat changes nothing."""
    from apps.cli import databases  # noqa: PLC0415 - see the module's docstring

    databases.upgrade(app, as_json=as_json)


@db.command(epilog="\b\nExample:\n  tradex db check orders")
@_app
@_json
def check(app: str, as_json: bool) -> None:  # noqa: FBT001
    """Tell what in an app's database is not as this release needs it; exit status 1 for any."""
    from apps.cli import databases  # noqa: PLC0415 - see the module's docstring

    databases.check(app, as_json=as_json)


@click.group("dead-letters", epilog="\b\nExample:\n  tradex dead-letters list")
def dead_letters() -> None:
    """Decide on messages that a service gave up."""


@dead_letters.command(
    "list",
    epilog="\b\nExamples:\n  tradex dead-letters list\n"
    "  tradex dead-letters list --consumer orders --reason exhausted --json",
)
@_topic
@_consumer
@_reason
@_json
def list_(as_json: bool, **matching: str | None) -> None:  # noqa: FBT001
    """List the dead letters that nobody has decided on, in the order in which they came."""
    from apps.cli import dead_letters as run  # noqa: PLC0415 - see the module's docstring

    run.list_letters(run.Filter(**matching), as_json=as_json)


@dead_letters.command(
    epilog="\b\nExamples:\n  tradex dead-letters show orders/order.commands-3-17\n"
    "  tradex dead-letters show orders/order.commands-3-17 --raw > message.json",
)
@click.argument("letter_id", metavar="ID")
@click.option(
    "--bytes",
    "limit",
    type=click.IntRange(1),
    default=_SHOWN_BYTES,
    show_default=True,
    help="Show this much of the message at most.",
)
@click.option("--raw", is_flag=True, help="Write the message alone, as it is, secrets and all.")
@_json
def show(letter_id: str, limit: int, raw: bool, as_json: bool) -> None:  # noqa: FBT001
    """Show a dead letter with its message, passwords and tokens masked."""
    from apps.cli import dead_letters as run  # noqa: PLC0415 - see the module's docstring

    run.show_letter(letter_id, limit=limit, raw=raw, as_json=as_json)


@dead_letters.command(
    epilog="\b\nExamples:\n  tradex dead-letters redrive orders/order.commands-3-17\n"
    "  tradex dead-letters redrive --all --topic order.commands --reason exhausted",
)
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that match, not those with an ID.")
@_topic
@_consumer
@_reason
@_json
def redrive(
    letter_ids: tuple[str, ...],
    everything: bool,  # noqa: FBT001
    as_json: bool,  # noqa: FBT001
    **matching: str | None,
) -> None:
    """Send messages to their topics again, for the service that gave them up.

    Those of a key go in the order in which they first came, and none before an earlier one that is
    open. Interrupted, it may be run again: each is handled once.
    """
    from apps.cli import dead_letters as run  # noqa: PLC0415 - see the module's docstring

    run.redrive(letter_ids, run.Filter(**matching), everything=everything, as_json=as_json)


@dead_letters.command(
    epilog="\b\nExample:\n  tradex dead-letters discard orders/order.commands-3-17"
)
@click.argument("letter_ids", metavar="ID...", nargs=-1, required=True)
@_json
def discard(letter_ids: tuple[str, ...], as_json: bool) -> None:  # noqa: FBT001
    """Give messages up for good; who sent a command is told that it failed."""
    from apps.cli import dead_letters as run  # noqa: PLC0415 - see the module's docstring

    run.discard(letter_ids, as_json=as_json)


@click.group(epilog="\b\nExample:\n  tradex orders verify")
def orders() -> None:
    """Look after the orders service's data."""


@orders.command("verify", epilog="\b\nExample:\n  tradex orders verify --json")
@_json
def verify_orders(as_json: bool) -> None:  # noqa: FBT001
    """Derive every order's rows from its events and compare; exit status 1 where any differs."""
    from apps.cli import verification  # noqa: PLC0415 - see the module's docstring

    verification.orders(as_json=as_json)


@click.group(epilog="\b\nExample:\n  tradex stock verify")
def stock() -> None:
    """Look after the catalogue's stock."""


@stock.command("verify", epilog="\b\nExample:\n  tradex stock verify --json")
@_json
def verify_stock(as_json: bool) -> None:  # noqa: FBT001
    """Derive every product's stock from its movements and compare; exit status 1 for any."""
    from apps.cli import verification  # noqa: PLC0415 - see the module's docstring

    verification.stock(as_json=as_json)


@click.command(epilog="\b\nExamples:\n  tradex lag\n  tradex lag --every-partition")
@click.option("--every-partition", is_flag=True, help="Show those where nothing waits, too.")
@_json
def lag(every_partition: bool, as_json: bool) -> None:  # noqa: FBT001
    """Tell how many messages each service has yet to handle."""
    from apps.cli.lag import print_lag  # noqa: PLC0415 - see the module's docstring

    print_lag(every_partition=every_partition, as_json=as_json)


@click.command(
    epilog="\b\nExamples:\n  tradex replay orders --since 2026-05-04T02:00Z --dry-run\n"
    "  tradex replay orders --since 2026-05-04T02:00Z",
)
@click.argument("app", type=click.Choice(("auth", "catalog", "orders")))
@click.option("--since", required=True, metavar="TIME", help="Before the backup began; RFC 3339.")
@click.option("--dry-run", is_flag=True, help="Handle nothing; say how much would be.")
@_json
def replay(app: str, since: str, dry_run: bool, as_json: bool) -> None:  # noqa: FBT001
    """Handle again what a service handled since a time, after its database was restored.

    In the order and at the times of then, so that it comes to the same; what the database has is
    not done twice, and only what the topics lack is published. The service must not run meanwhile.
    Interrupted, it may be run again.
    """
    from apps.cli import restoring  # noqa: PLC0415 - see the module's docstring

    restoring.replay(app, since=since, dry_run=dry_run, as_json=as_json)


@click.group(epilog="\b\nExample:\n  tradex views rebuild")
def views() -> None:
    """Look after what the gateway reads."""


@views.command(epilog="\b\nExamples:\n  tradex views rebuild\n  tradex views rebuild --only-equal")
@click.option("--only-equal", is_flag=True, help="Leave the old views where the new ones differ.")
@_json
def rebuild(only_equal: bool, as_json: bool) -> None:  # noqa: FBT001
    """Make the views anew from the topics' start, compare, and swap them in.

    Reading and projecting go on meanwhile. That the old ones differed is told and is no failure,
    unless they were to stay.
    """
    from apps.cli import view_rebuilding  # noqa: PLC0415 - see the module's docstring

    view_rebuilding.rebuild(only_equal=only_equal, as_json=as_json)


OPERATIONS: Final[tuple[click.Command, ...]] = (
    topics,
    acls,
    db,
    dead_letters,
    orders,
    stock,
    lag,
    replay,
    views,
    keys,
)
"""What `tradex` has of them."""
