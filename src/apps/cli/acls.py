"""`tradex acls`: grants each app its rights at the broker, and tells who else has which."""

from collections.abc import Iterable
from typing import NamedTuple

import click
from rich.console import Console

from apps.cli.container import OperatingContainer
from apps.cli.failures import Failure, WrongUse
from apps.cli.operated import needs_kafka, opened, operate, settings_for
from apps.cli.rendering import console, printable, table
from apps.cli.rights import PRINCIPALS, declared
from apps.operations.acls import AclReport, State, apply_acls
from tradex_core.events import codec
from tradex_core.messaging.rights import Right

_STYLES = {State.GRANTED: "green", State.MISSING: "yellow"}


class Asked(NamedTuple):
    """Who is who: what the command's options say."""

    named: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()

    def rights(self) -> tuple[Right, ...]:
        """Return what everybody gets; raises WrongUse for what says nothing, or too much."""
        principals = {**PRINCIPALS, **dict(map(_named, self.named))}
        others = (*self.clients, *self.readers)
        _check([*principals.values(), *others])
        for principal in others:
            if principal.partition(":")[2] in principals:
                msg = f"{principal}: its group would be an app's own; give it another name"
                raise WrongUse(msg)
        return declared(principals, clients=self.clients, readers=self.readers)


def apply(asked: Asked, *, dry_run: bool, as_json: bool) -> None:
    """Grant what is missing and print what came of all; raises Failure for what is too much."""
    settings = settings_for(needs_kafka("acls apply"))
    rights = asked.rights()

    async def work() -> AclReport:
        container = OperatingContainer(settings=settings)
        async with opened(container.broker()):
            return await apply_acls(container.acls(), rights, dry_run=dry_run)

    report = operate(work, "kafka_bootstrap_servers")
    if as_json:
        click.echo(codec.encode(report))
    else:
        show(report, console())
    if report.surplus:
        msg = (
            f"{len(report.surplus)} grants or bans are beside what Tradex asks for, and are left "
            "as they are: what would end each stands above"
        )
        raise Failure(msg)


def show(report: AclReport, out: Console) -> None:
    """Print the rights for people, those of a principal together."""
    found = table("principal", "may", "on", "", whole=("principal", "may", "on"))
    for each in report.rights:
        right = each.right
        found.add_row(
            right.principal,
            right.operation,
            f"{right.resource} {right.name}",
            printable(each.state, _STYLES.get(each.state, "dim")),
        )
    out.print(found)
    for sentence in report.surplus:
        out.print(printable(sentence, "red"))


def _named(option: str) -> tuple[str, str]:
    app, given, principal = option.partition("=")
    if not given or app not in PRINCIPALS:
        known = ", ".join(PRINCIPALS)
        msg = f"--principal {option}: it is APP=PRINCIPAL, and the apps are {known}"
        raise WrongUse(msg)
    return app, principal


def _check(principals: Iterable[str]) -> None:
    for principal in principals:
        kind, _, name = principal.partition(":")
        if not kind or not name or name == "*":
            msg = f"{principal!r}: a principal is a type and a name, for example User:gateway"
            raise WrongUse(msg)
