import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from click.testing import CliRunner

from apps.cli.asyncapi import asyncapi_document, key_of, parties
from apps.cli.main import tradex
from tradex_core.events import order, product, reply, stock, topics, user
from tradex_core.events.envelope import Actor, Envelope
from tradex_core.events.fields import Command, Event
from tradex_core.events.order import CreateOrder
from tradex_core.events.product import GetProduct
from tradex_core.events.user import RegisterUser, Role
from tradex_core.ids import MessageId

Json = dict[str, Any]

MODULES = (order, product, reply, stock, user)
MONEY = {"type": "number", "minimum": 0, "maximum": 99999999.99, "multipleOf": 0.01}


@pytest.fixture(scope="module")
def document() -> Json:
    result = CliRunner().invoke(tradex, ["asyncapi"])
    assert (0, "") == (result.exit_code, result.stderr)
    printed: Json = json.loads(result.stdout)
    return printed


def kinds(of: type) -> list[Any]:
    """Return every message of a kind that the code knows, whether or not it has a route."""
    defined = [kind for module in MODULES for kind in vars(module).values()]
    classes = {kind for kind in defined if isinstance(kind, type) and issubclass(kind, of)}
    return [kind for kind in classes if hasattr(kind, "topic")]


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def found(document: Json, reference: str) -> object:
    place: Any = document
    for step in reference.removeprefix("#/").split("/"):
        place = place[step]
    return place


def test_it_is_an_asyncapi_document_of_its_third_version(document: Json) -> None:
    assert {
        "asyncapi",
        "info",
        "channels",
        "operations",
        "components",
        "defaultContentType",
    } == set(document)
    assert "3.0.0" == document["asyncapi"]
    assert {"title", "version", "description", "license"} == set(document["info"])


def test_every_reference_leads_somewhere(document: Json) -> None:
    led = [found(document, reference) for reference in references(document)]
    assert len(led) > 100
    assert all(led)


def test_every_operation_sends_to_or_receives_from_a_channel(document: Json) -> None:
    operations = document["operations"].values()
    assert {"send", "receive"} == {operation["action"] for operation in operations}
    assert all(o["channel"]["$ref"].startswith("#/channels/") for o in operations)


def test_every_topic_is_a_channel_with_its_partitions_and_retention(document: Json) -> None:
    day_ms = 24 * 60 * 60 * 1000
    expected = {
        topic.name: (topic.partitions, (topic.retention_days or 0) * day_ms or -1)
        for topic in topics.all_topics()
    }
    kafka = [channel["bindings"]["kafka"] for channel in document["channels"].values()]
    assert expected == {
        each["topic"]: (each["partitions"], each["topicConfiguration"]["retention.ms"])
        for each in kafka
    }


def test_every_command_is_a_message_of_its_topic(document: Json) -> None:
    commands = kinds(Command)
    assert len(commands) >= 12
    for kind in commands:
        assert kind.command in document["channels"][kind.topic]["messages"]
        payload = document["components"]["messages"][kind.command]["payload"]
        assert {"const": kind.command} == payload["properties"]["command"]
        assert payload["properties"]["data"]["$ref"].endswith(f"/{kind.__name__}")


def test_every_event_and_the_reply_are_the_message_of_their_topic(document: Json) -> None:
    events = kinds(Event)
    assert {*topics.EVENTS, topics.COMMAND_REPLIES} == {kind.topic for kind in events}
    for kind in events:
        assert [kind.topic] == list(document["channels"][kind.topic]["messages"])
        payload = document["components"]["messages"][kind.topic]["payload"]
        assert payload["$ref"].endswith(f"/{kind.__name__}")


def test_money_is_a_number_of_two_places(document: Json) -> None:
    schemas = document["components"]["schemas"]
    assert MONEY == schemas["CreateProduct"]["properties"]["price"]
    assert MONEY == schemas["OrderCreated"]["properties"]["totalAmount"]


def test_a_replys_result_may_be_anything(document: Json) -> None:
    schema = document["components"]["schemas"]["CommandReplied"]
    assert {"default": None} == schema["properties"]["result"]
    assert ["operationId", "command", "status", "completedAt"] == schema["required"]


def test_every_event_is_told_by_one_service_and_every_command_done_by_one() -> None:
    apps = parties()
    told = [topic for app in apps for topic in app.writes if topic in topics.EVENTS]
    done = [kind for app in apps for kind in app.commands]
    assert sorted(topics.EVENTS) == sorted(told)
    assert len(set(done)) == len(done)


def test_what_a_service_reads_it_may_give_up_as_a_dead_letter() -> None:
    for app in parties():
        if app.name != "gateway":
            assert [f"{topic}.dlq" for topic in app.reads] == list(app.dead_letters)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        (RegisterUser, "email"),
        (CreateOrder, "orderId, otherwise userId"),
        (GetProduct, "productId, otherwise sku"),
        (stock.StockUpdated, "productId"),
        (reply.CommandReplied, "operationId"),
    ],
)
def test_a_key_is_told_by_the_fields_that_it_is_made_of(
    kind: type[Command] | type[Event], key: str
) -> None:
    assert key == key_of(kind)


def test_every_header_that_an_envelope_writes_is_described() -> None:
    envelope = Envelope(
        id=MessageId("m"),
        type="CREATE_ORDER",
        source="gateway",
        time=datetime(2024, 1, 15, tzinfo=UTC),
        correlation_id="c",
        causation_id="m",
        actor=Actor(user_id="u", role=Role.BUYER),
        signature="s",
        deadline_ms=1,
        traceparent="t",
        tracestate="t",
    )
    described = asyncapi_document()["components"]["messages"]["CREATE_ORDER"]["headers"]
    assert set() == {name for name, _ in envelope.to_headers()} - set(described["properties"])
