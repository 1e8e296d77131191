"""Who may do what at the broker, as it is declared: no more than each program does."""

import pytest

from apps.cli.lag import consumers
from apps.cli.rights import FOLLOWS, PRINCIPALS, declared, reader_group
from apps.runtime.container import kafka_settings
from apps.runtime.settings import Settings
from tradex_core.events import topics
from tradex_core.events.topics import all_topics, dead_letter_topic
from tradex_core.messaging.rights import Operation, Resource, Right

RIGHTS = declared(PRINCIPALS, clients=["User:storefront"], readers=["User:reports"])


def who(operation: Operation, name: str, resource: Resource = Resource.TOPIC) -> set[str]:
    """Return who may do something with a topic or a group."""
    return {
        right.principal.removeprefix("User:")
        for right in RIGHTS
        if (operation, resource, name) == (right.operation, right.resource, right.name)
    }


def what(principal: str, operation: Operation) -> set[str]:
    """Return the topics that somebody may do something with."""
    return {
        right.name
        for right in RIGHTS
        if (principal, operation, Resource.TOPIC)
        == (right.principal, right.operation, right.resource)
    }


@pytest.mark.parametrize("topic", topics.COMMANDS)
def test_the_gateway_named_clients_and_the_operator_alone_write_commands(topic: str) -> None:
    assert {"gateway", "storefront", "operator"} == who(Operation.WRITE, topic)


@pytest.mark.parametrize(
    ("topic", "service"),
    list(zip(topics.COMMANDS, ("auth", "catalog", "orders"), strict=True)),
)
def test_commands_are_read_by_their_service_alone(topic: str, service: str) -> None:
    assert {service} == who(Operation.READ, topic)


@pytest.mark.parametrize("topic", topics.EVENTS)
def test_an_event_is_written_by_one_service(topic: str) -> None:
    [writer] = who(Operation.WRITE, topic) - {"operator"}
    assert writer in {"auth", "catalog", "orders"}


def test_the_projector_writes_its_dead_letters_and_nothing_else() -> None:
    reads = what("User:projector", Operation.READ)
    assert {dead_letter_topic(topic) for topic in reads} == what("User:projector", Operation.WRITE)


def test_dead_letters_are_read_by_the_operator_alone() -> None:
    for topic in (*topics.COMMANDS, *topics.EVENTS, topics.COMMAND_REPLIES):
        assert {"operator"} == who(Operation.READ, dead_letter_topic(topic))


def test_the_operator_reads_no_commands() -> None:
    assert set() == what("User:operator", Operation.READ) & set(topics.COMMANDS)


def test_the_operator_may_make_every_topic() -> None:
    assert {topic.name for topic in all_topics()} == what("User:operator", Operation.CREATE)


@pytest.mark.parametrize("group", consumers())
def test_a_group_is_its_services_alone(group: str) -> None:
    assert {group} == who(Operation.READ, group, Resource.GROUP)
    assert {"operator"} == who(Operation.DESCRIBE, group, Resource.GROUP)


@pytest.mark.parametrize("app", [FOLLOWS, "operator"])
def test_who_reads_in_no_group_may_look_for_the_one_that_its_client_names(app: str) -> None:
    settings = kafka_settings(Settings.embedded(kafka_bootstrap_servers="127.0.0.1:1"), app)
    assert settings.reader()["group.id"] == reader_group(app)
    assert {app} == who(Operation.DESCRIBE, reader_group(app), Resource.GROUP)


def test_clients_read_answers_and_readers_events_in_groups_of_their_own() -> None:
    assert {f"{topic}.reply" for topic in topics.COMMANDS} == what(
        "User:storefront", Operation.READ
    )
    assert set(topics.EVENTS) == what("User:reports", Operation.READ)
    assert {"storefront"} == who(Operation.READ, "storefront", Resource.GROUP)
    assert set() == what("User:reports", Operation.WRITE)


def test_a_program_may_be_called_otherwise() -> None:
    rights = declared({**PRINCIPALS, "auth": "User:CN=auth"})
    asked = Right("User:CN=auth", Operation.READ, Resource.TOPIC, topics.AUTH_COMMANDS)
    assert asked in rights
    assert "User:auth" not in {right.principal for right in rights}
