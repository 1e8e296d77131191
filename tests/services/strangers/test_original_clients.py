"""Programs written for the original, seen from outside: their messages work, ours are theirs."""

import json
from typing import Any

import psycopg
import pytest
from confluent_kafka import cimpl
from confluent_kafka.admin import AdminClient
from tests.services.stack import Stack
from tests.services.strangers.kcat import consume, headers_of, produce, until

ORIGINALS = {
    "user.registered": {"userId", "email", "role", "createdAt"},
    "order.created": {"orderId", "userId", "items", "totalAmount", "status", "createdAt"},
    "order.updated": {"orderId", "status", "updatedAt"},
    "stock.updated": {"productId", "quantity", "operation", "updatedAt"},
}
CORRELATION = "b0b0b0b0b0b0b0b0b0b0b"


def command(name: str, **data: object) -> bytes:
    return json.dumps({"command": name, "data": data}).encode()


async def test_a_command_without_headers_is_handled(stack: Stack, product: dict[str, Any]) -> None:
    line = {"productId": product["productId"], "quantity": 2, "price": product["price"]}
    sent = command("CREATE_ORDER", userId="a-user-of-the-original", items=[line])
    await produce(stack.kafka_address, "order.commands", sent)

    def is_it(message: dict[str, Any]) -> bool:
        order = json.loads(message["payload"])
        return bool(line == order["items"][0] and order["userId"] == "a-user-of-the-original")

    created = json.loads((await until(stack.kafka_address, "order.created", is_it))["payload"])
    updated = await until(
        stack.kafka_address,
        "order.updated",
        lambda message: message["key"] == created["orderId"],
    )
    assert "confirmed" == json.loads(updated["payload"])["status"]
    with psycopg.connect(stack.environment("orders")["TRADEX_ORDERS_DATABASE_URL"]) as connection:
        found = connection.execute(
            'SELECT status, "totalAmount" FROM orders WHERE id = %s', [created["orderId"]]
        ).fetchone()
    assert ("confirmed", 9) == found


async def test_every_event_is_the_originals_json(stack: Stack, product: dict[str, Any]) -> None:
    line = {"productId": product["productId"], "quantity": 1, "price": product["price"]}
    sent = command("CREATE_ORDER", userId="another", items=[line])
    await produce(stack.kafka_address, "order.commands", sent)
    await until(stack.kafka_address, "stock.updated", lambda m: m["key"] == product["productId"])
    for topic, fields in ORIGINALS.items():
        for message in await consume(stack.kafka_address, topic):
            assert fields <= set(json.loads(message["payload"])), topic
            assert "1.0" == headers_of(message)["ce_specversion"]


@pytest.fixture
def reply_topic(stack: Stack) -> str:
    name = "catalog.commands.reply"
    admin = AdminClient({"bootstrap.servers": stack.kafka_address})
    if name not in admin.list_topics(timeout=10).topics:
        admin.create_topics([cimpl.NewTopic(name, num_partitions=3)])[name].result(timeout=10)
    return name


@pytest.mark.parametrize("sku", ["there", "NO-SUCH"])
async def test_a_nestjs_client_gets_its_reply_a_refusal_too(
    stack: Stack, product: dict[str, Any], reply_topic: str, sku: str
) -> None:
    correlation = f"{CORRELATION}-{sku}"
    asked = {
        "kafka_correlationId": correlation,
        "kafka_replyTopic": reply_topic,
        "kafka_replyPartition": "2",
    }
    wanted = product["sku"] if sku == "there" else sku
    await produce(
        stack.kafka_address, "catalog.commands", command("GET_PRODUCT", sku=wanted), headers=asked
    )
    reply = await until(
        stack.kafka_address,
        reply_topic,
        lambda message: headers_of(message)["kafka_correlationId"] == correlation,
    )
    assert 2 == reply["partition"]
    assert "kafka_nest-is-disposed" in headers_of(reply)
    if sku == "there":
        assert product["productId"] == json.loads(reply["payload"])["productId"]
    else:
        assert not reply["payload"]
        assert "product_not_found" == json.loads(headers_of(reply)["kafka_nest-err"])["type"]
