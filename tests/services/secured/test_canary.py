"""No password and no token is in what the apps and their servers tell, keep, or ever wrote.

They run as they are deployed, over TLS and with a user each; Kafka's segments and PostgreSQL's
journal are read as bytes, so that what was deleted again is found too.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import uuid4

import httpx
import psycopg
import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from pymongo import MongoClient
from tests.builders.canary import Canary
from tests.builders.traces import Collector
from tests.journeys.careless import be_careless
from tests.journeys.everywhere import EMAIL, SKU, Visitor
from tests.journeys.people import WAIT, an_order
from tests.services.apps.apps_alone import until
from tests.services.deployment import APPS, POSTGRES
from tests.services.secured.conftest import client_of
from tests.services.secured.media import database_url, media
from tests.services.servers.kafka_security import ADMIN, Security
from tests.services.stack import Stack

from apps.gateway.policy import POLICY
from tradex_core.events.topics import COMMAND_REPLIES, all_topics, dead_letter_topic

PLANTED: Final = {
    "Kafka's segments",
    "PostgreSQL's journal",
    "the catalog database",
    *(f"the {name} database" for name in POSTGRES),
}
SECRETS: Final = ("_KEY", "_KEYS", "_PASSWORD")


class Told(NamedTuple):
    """What is told and kept, the secrets that must not be in it, and what must be."""

    by_media: Mapping[str, bytes]
    secrets: Canary
    known: Canary
    planted: Canary


@pytest.fixture(scope="package")
def told(stack: Stack, security: Security, collector: Collector) -> Told:
    """All that is told and kept once every route was used, rightly and wrongly."""
    _keep_topics_readable(AdminClient(client_of(stack, security, ADMIN)))
    secrets, known, planted = Canary(), Canary(), Canary()
    for kind in APPS:
        for name, value in stack.environment(kind).items():
            if name.endswith(SECRETS) and "_PUBLIC_" not in name:
                secrets.learn(f"{kind}'s {name}", value)
    asyncio.run(_visited(stack, collector, secrets, known))
    text = planted.learn("what was planted", f"planted{uuid4().hex}")
    _plant(stack, client_of(stack, security, "operator"), text)
    return Told(asyncio.run(media(stack, collector)), secrets, known, planted)


def test_nothing_of_a_secret_is_told_or_kept(told: Told) -> None:
    found = {name: told.secrets.found_in(data) for name, data in told.by_media.items()}
    assert {} == {name: secrets for name, secrets in found.items() if secrets}


def test_it_is_looked_for_in_the_right_places(told: Told) -> None:
    found = {name: told.known.found_in(data) for name, data in told.by_media.items()}
    assert {
        "traces": {"an operation", "a kind of command"},
        "metrics": {"a kind of command"},
        "logs": {"an operation", "a kind of command"},
        "Kafka's segments": {"an operation", "an address", "a kind of command", "a sku"},
        "PostgreSQL's journal": {"an operation", "an address", "a kind of command", "a sku"},
        "the auth database": {"an operation", "an address"},
        "the catalog database": {"a sku"},
        "the orders database": set[str](),
        "the gateway database": {"an operation", "an address", "a kind of command", "a sku"},
    } == found


def test_what_is_kept_all_the_same_is_found(told: Told) -> None:
    found = {name for name, data in told.by_media.items() if told.planted.found_in(data)}
    assert found == PLANTED


async def _visited(stack: Stack, collector: Collector, secrets: Canary, known: Canary) -> None:
    async with httpx.AsyncClient(base_url=stack.gateways[0].url, timeout=40) as api:
        visitor = Visitor(api, secrets, stack.create_admin)
        await visitor.use_everything()
        await be_careless(visitor, POLICY)
        await _traced_to_the_end(visitor, collector)
    known.learn("an operation", visitor.ids["operation_id"])
    known.learn("an address", EMAIL.format("buyer"))
    known.learn("a kind of command", "REGISTER_USER")
    known.learn("a sku", SKU)


async def _traced_to_the_end(visitor: Visitor, collector: Collector) -> None:
    """Wait until a trace came in from every app that is later than all that was done before."""
    trace_id = uuid4().hex
    headers = {
        "traceparent": f"00-{trace_id}-00f067aa0ba902b7-01",
        **WAIT,
        **visitor.bearer("buyer"),
    }
    wrong = {"email": EMAIL.format("nobody"), "password": visitor.password("buyer")}
    await visitor.api.post("/v1/auth/login", json=wrong, headers=headers)
    await visitor.api.post("/v1/orders", json=an_order(visitor.product), headers=headers)

    def came() -> bool:
        return set(APPS) == {span.service for span in collector.trace(trace_id)}

    await asyncio.to_thread(until, came)


def _keep_topics_readable(admin: AdminClient) -> None:
    """Have Kafka write what is published from now on as it is, whatever it was packed with."""
    entry = ConfigEntry(
        "compression.type", "uncompressed", incremental_operation=AlterConfigOpType.SET
    )
    changes = [
        ConfigResource(ResourceType.TOPIC, topic.name, incremental_configs=[entry])
        for topic in all_topics()
    ]
    for changed in admin.incremental_alter_configs(changes).values():
        changed.result()


def _plant(stack: Stack, client: dict[str, Any], text: str) -> None:
    """Keep a text wherever that can be done from outside."""
    for name in POSTGRES:
        with psycopg.connect(database_url(stack, name)) as connection:
            connection.execute("CREATE TABLE planted (what bytea)")
            connection.execute("INSERT INTO planted VALUES (%s)", [text.encode()])
    with MongoClient[dict[str, Any]](stack.mongo.url) as mongo:
        mongo["catalog"]["planted"].insert_one({"what": text})
    producer = Producer({**client, "compression.type": "lz4"})
    producer.produce(dead_letter_topic(COMMAND_REPLIES), text.encode())
    assert 0 == producer.flush(10)
