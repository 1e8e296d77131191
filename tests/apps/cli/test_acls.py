"""`tradex acls apply`: what is missing is granted, nothing is taken away, all is told."""

from collections.abc import Iterable, Sequence

import pytest
from tests.apps.cli.shown import invoke, printed

from apps.cli.acls import show
from apps.operations.acls import AclReport, State, apply_acls
from tradex_core.messaging.rights import Operation, Resource, Right

READ = Right("User:auth", Operation.READ, Resource.TOPIC, "auth.commands")
JOIN = Right("User:auth", Operation.READ, Resource.GROUP, "auth")


class KeptAcls:
    """Rights that no broker keeps; `others` is what is told of those beside them."""

    def __init__(self, *granted: Right, others: Sequence[str] = ()) -> None:
        self.granted = list(granted)
        self.others = others

    async def missing(self, rights: Iterable[Right]) -> Sequence[Right]:
        return [right for right in rights if right not in self.granted]

    async def grant(self, rights: Iterable[Right]) -> None:
        self.granted += rights

    async def surplus(self, rights: Iterable[Right]) -> Sequence[str]:
        assert list(rights)
        return self.others


def states(report: AclReport) -> dict[Right, State]:
    return {each.right: each.state for each in report.rights}


async def test_what_is_missing_is_granted_and_a_repeat_changes_nothing() -> None:
    acls = KeptAcls(READ)
    first = await apply_acls(acls, [READ, JOIN])
    assert {READ: State.UNCHANGED, JOIN: State.GRANTED} == states(first)
    again = await apply_acls(acls, [READ, JOIN])
    assert {READ: State.UNCHANGED, JOIN: State.UNCHANGED} == states(again)
    assert [READ, JOIN] == acls.granted


async def test_a_dry_run_grants_nothing() -> None:
    acls = KeptAcls(READ)
    report = await apply_acls(acls, [READ, JOIN], dry_run=True)
    assert {READ: State.UNCHANGED, JOIN: State.MISSING} == states(report)
    assert [READ] == acls.granted


async def test_people_see_a_line_for_each_and_what_is_too_much() -> None:
    report = await apply_acls(KeptAcls(READ, others=["User:eve may Read"]), [READ, JOIN])
    lines = printed(lambda console: show(report, console)).splitlines()
    assert " User:auth   read   topic auth.commands   unchanged" in lines
    assert " User:auth   read   group auth            granted" in lines
    assert "User:eve may Read" == lines[-1]


@pytest.mark.parametrize(
    ("option", "why"),
    [
        (("--principal", "auth"), "it is APP=PRINCIPAL, and the apps are gateway, auth"),
        (("--principal", "cart=User:cart"), "it is APP=PRINCIPAL, and the apps are gateway, auth"),
        (("--principal", "auth=auth"), "a principal is a type and a name"),
        (("--client", "storefront"), "a principal is a type and a name, for example User:gateway"),
        (("--reader", "User:*"), "a principal is a type and a name"),
        (("--client", "User:orders"), "its group would be an app's own; give it another name"),
    ],
)
def test_who_is_named_wrongly_is_told(option: tuple[str, str], why: str) -> None:
    settings = {"broker": "kafka", "kafka_bootstrap_servers": "127.0.0.1:1"}
    status, out, err = invoke("acls", "apply", *option, **settings)
    assert (2, "") == (status, out)
    assert why in err


def test_with_the_broker_in_memory_there_is_nobody_to_keep_out() -> None:
    status, out, err = invoke("acls", "apply")
    assert (2, "") == (status, out)
    assert "TRADEX_BROKER: `tradex acls apply` operates Kafka" in err
