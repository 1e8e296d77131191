"""`tradex acls apply` on a real broker with an authorizer."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from tests.apps.cli.shown import invoke
from tests.services.secured.conftest import NAMED, OPERATOR, client_of, settings_of
from tests.services.servers.kafka_security import ADMIN, Security
from tests.services.stack import Stack

from tradex_core.events.topics import ORDER_COMMANDS

_OURS = ("User:orders", "*", AclOperation.READ, AclPermissionType.ALLOW)
_ALL_OF_EVES = ("User:eve", "*", AclOperation.ALTER, AclPermissionType.ALLOW)
_THEIRS = ("User:*", "*", AclOperation.WRITE, AclPermissionType.ALLOW)


@pytest.fixture
def admin(stack: Stack, security: Security) -> AdminClient:
    return AdminClient(client_of(stack, security, ADMIN))


@pytest.fixture
def somebody_writes_orders(admin: AdminClient) -> Iterator[None]:
    """Let everybody write to the topics of orders, and one grant themselves the rest."""
    given = (
        (ResourceType.TOPIC, "order.", ResourcePatternType.PREFIXED, *_THEIRS),
        (ResourceType.BROKER, "kafka-cluster", ResourcePatternType.LITERAL, *_ALL_OF_EVES),
    )
    for created in admin.create_acls([AclBinding(*each) for each in given]).values():
        created.result()
    yield
    for deleted in admin.delete_acls([AclBindingFilter(*each) for each in given]).values():
        deleted.result()


def apply(
    stack: Stack, security: Security, *options: str, user: str = ADMIN
) -> tuple[int, Any, str]:
    told = settings_of(stack, security, user)
    status, out, err = invoke("acls", "apply", *NAMED, *options, "--json", **told)
    return status, json.loads(out) if out else None, err


def states(report: Any) -> set[str]:  # noqa: ANN401 - as JSON has it
    return {each["state"] for each in report["rights"]}


def test_applying_rights_again_changes_nothing(stack: Stack, security: Security) -> None:
    status, report, err = apply(stack, security)
    assert (0, "", {"unchanged"}) == (status, err, states(report))


def test_what_was_taken_away_is_told_and_granted_again(
    stack: Stack, security: Security, admin: AdminClient
) -> None:
    taken = (ResourceType.TOPIC, ORDER_COMMANDS, ResourcePatternType.LITERAL, *_OURS)
    for deleted in admin.delete_acls([AclBindingFilter(*taken)]).values():
        assert [AclBinding(*taken)] == deleted.result()
    _, dry, _ = apply(stack, security, "--dry-run")
    _, report, _ = apply(stack, security)
    [missing] = [each["right"] for each in dry["rights"] if each["state"] == "missing"]
    [granted] = [each["right"] for each in report["rights"] if each["state"] == "granted"]
    assert missing == granted
    assert ("User:orders", "read", ORDER_COMMANDS) == (
        granted["principal"],
        granted["operation"],
        granted["name"],
    )


@pytest.mark.usefixtures("somebody_writes_orders")
def test_who_may_do_more_is_told_with_what_ends_it(stack: Stack, security: Security) -> None:
    status, report, err = apply(stack, security)
    sentence, cluster = report["surplus"]
    assert 1 == status
    assert "2 grants or bans are beside what Tradex asks for" in err
    assert "User:* may Write on topic 'order.' (prefixed)" in sentence
    assert (
        "`kafka-acls --remove --allow-principal 'User:*' --allow-host '*' --operation Write "
        "--topic 'order.' --resource-pattern-type prefixed` ends that"
    ) in sentence
    assert "User:eve may Alter on cluster (literal)" in cluster
    assert "--operation Alter --cluster --resource-pattern-type literal` ends that" in cluster


def test_it_takes_a_super_user(stack: Stack, security: Security) -> None:
    status, report, err = apply(stack, security, user=OPERATOR)
    assert (1, None) == (status, report)
    assert "that is for a super user of the cluster" in err
