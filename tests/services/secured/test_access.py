"""Who may do what in Kafka: one user after another tries all that it was not let do."""

from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal

import pytest
from confluent_kafka.admin import AclOperation  # type: ignore[attr-defined]
from tests.services.secured import attempts
from tests.services.secured.conftest import CLIENT, READER, STRANGER, USERS, client_of
from tests.services.servers.kafka_security import Security
from tests.services.stack import Stack

from adapters.kafka.broker import KafkaBroker
from apps.cli.lag import consumers
from apps.cli.rights import PRINCIPALS, declared
from apps.runtime.container import kafka_settings
from apps.runtime.settings import Settings
from apps.runtime.startup import missing_topics
from tradex_core.errors import Outage
from tradex_core.events import topics
from tradex_core.events.topics import all_topics
from tradex_core.messaging.rights import Operation, Resource

TOPICS: Final = {topic.name for topic in all_topics()}
GROUPS: Final = {*consumers(), CLIENT, READER}
RIGHTS: Final = declared(PRINCIPALS, clients=[f"User:{CLIENT}"], readers=[f"User:{READER}"])
NO_TOPIC: Final = "TOPIC_AUTHORIZATION_FAILED"
NO_GROUP: Final = "GROUP_AUTHORIZATION_FAILED"


def allowed(user: str, operation: Operation, resource: Resource = Resource.TOPIC) -> set[str]:
    """Return what it is declared that somebody may do this with."""
    asked = (f"User:{user}", operation, resource)
    return {
        each.name for each in RIGHTS if asked == (each.principal, each.operation, each.resource)
    }


@pytest.fixture(params=USERS)
def user(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(stack: Stack, security: Security, user: str) -> attempts.Configuration:
    return client_of(stack, security, user)


def test_nobody_writes_where_it_was_not_let(client: attempts.Configuration, user: str) -> None:
    forbidden = TOPICS - allowed(user, Operation.WRITE)
    assert dict.fromkeys(forbidden, NO_TOPIC) == attempts.write(client, forbidden)


def test_nobody_reads_where_it_was_not_let(client: attempts.Configuration, user: str) -> None:
    forbidden = TOPICS - allowed(user, Operation.READ)
    assert dict.fromkeys(forbidden, NO_TOPIC) == attempts.read(client, forbidden)


def test_nobody_joins_a_group_but_its_own(client: attempts.Configuration, user: str) -> None:
    forbidden = GROUPS - allowed(user, Operation.READ, Resource.GROUP)
    came = attempts.join(client, forbidden, topic=topics.ORDER_CREATED)
    assert dict.fromkeys(forbidden, NO_GROUP) == came


def test_the_broker_lets_them_do_what_is_declared(
    client: attempts.Configuration, user: str
) -> None:
    for operation in (Operation.READ, Operation.WRITE, Operation.CREATE):
        told = attempts.told(client, TOPICS, AclOperation[operation.name])
        assert (operation, TOPICS & allowed(user, operation)) == (operation, told)


def test_a_stranger_was_let_do_nothing() -> None:
    assert STRANGER not in {each.principal.removeprefix("User:") for each in RIGHTS}


async def test_a_topic_that_a_user_may_not_see_is_named(stack: Stack, security: Security) -> None:
    told = {**stack.environment("orders"), **security.settings(READER)}
    broker = KafkaBroker(kafka_settings(Settings.load(told, None), "orders"))
    with pytest.raises(Outage, match=r"'order\.commands'.*TOPIC_AUTHORIZATION_FAILED"):
        await missing_topics(broker, [topics.ORDER_COMMANDS])
    await broker.close()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
async def test_a_service_that_is_not_let_into_its_group_says_so(
    stack: Stack, security: Security, protocol: Literal["classic", "consumer"]
) -> None:
    told = {**stack.environment("orders"), **security.settings(READER)}
    settings = replace(
        kafka_settings(Settings.load(told, None), "orders"),
        group_protocol=protocol,
        join_wait=timedelta(0),
    )
    broker = KafkaBroker(settings)
    member = await broker.subscribe("orders", [topics.STOCK_RESERVED])
    with pytest.raises(Outage, match=r"a member of orders read.*GROUP_AUTHORIZATION_FAILED"):
        await member.fetch(limit=1)
    await broker.close()
