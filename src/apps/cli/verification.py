"""`tradex orders verify`, `tradex stock verify`: what is kept, against what it derives from."""

from collections.abc import Awaitable, Callable

import click
from rich.console import Console

from apps.cli.container import OperatingContainer
from apps.cli.failures import Failure
from apps.cli.operated import needs_database, operate, settings_for
from apps.cli.rendering import console, printable, table
from apps.operations.verification import Verification, verify_orders, verify_stock
from apps.runtime.requirements import DATABASES
from tradex_core.events import codec


def orders(*, as_json: bool) -> None:
    """Verify every order's rows against its events; raises Failure where any differs."""

    async def work(container: OperatingContainer) -> Verification:
        database = container.orders()
        try:
            return await verify_orders(database)
        finally:
            await database.close()

    _verify(work, command="orders verify", app="orders", what="orders", as_json=as_json)


def stock(*, as_json: bool) -> None:
    """Verify every product's stock against its movements; raises Failure where any differs."""

    async def work(container: OperatingContainer) -> Verification:
        database = container.catalog()
        try:
            return await verify_stock(container.stock())
        finally:
            await database.close()

    _verify(work, command="stock verify", app="catalog", what="products", as_json=as_json)


def _verify(
    work: Callable[[OperatingContainer], Awaitable[Verification]],
    *,
    command: str,
    app: str,
    what: str,
    as_json: bool,
) -> None:
    settings = settings_for(needs_database(command, app))

    async def verified() -> Verification:
        return await work(OperatingContainer(settings=settings))

    found = operate(verified, DATABASES[app])
    if as_json:
        click.echo(codec.encode(found))
    else:
        show(found, console(), what=what)
    if found.differences:
        differing = len({each.id for each in found.differences})
        msg = (
            f"{differing:,} of {found.checked:,} {what} are kept otherwise than they are derived:"
            " keep the database as it is, and find out who wrote to it beside the service"
        )
        raise Failure(msg)


def show(found: Verification, out: Console, *, what: str) -> None:
    """Print it for people."""
    if not found.differences:
        out.print(printable(f"{found.checked:,} {what}, each as it is derived", "green"))
        return
    rows = table("id", "field", "kept", "derived", whole=("id", "field"))
    for each in found.differences:
        rows.add_row(
            printable(each.id, "bold"),
            printable(each.field),
            printable(_told(each.kept)),
            printable(_told(each.derived)),
        )
    out.print(rows)


def _told(value: object) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else codec.encode(value).decode()
