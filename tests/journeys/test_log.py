"""The topics, as other programs read and write them."""

import asyncio
import json
from collections.abc import Sequence

from tests.journeys.conftest import embedded_settings
from tests.journeys.log import records_of
from tests.journeys.people import People

from apps.platform.platform import Platform
from apps.projector.container import ProjectorContainer
from tradex_core.events import topics
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.replay import Replay


async def publish(
    platform: Platform,
    topic: str,
    value: object,
    *,
    key: str | None = None,
    headers: Sequence[tuple[str, bytes]] = (),
) -> None:
    """Write to a topic as any client of the broker could."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    message = Message(topic, key.encode() if key else None, raw, tuple(headers))
    assert [None] == await platform.broker.publish([message])


async def the_only(platform: Platform, topic: str) -> Record:
    """Return the only record of a topic, once everything is handled."""
    assert await platform.quiet(20)
    [record] = await records_of(platform, topic)
    return record


async def test_a_command_without_headers_is_handled_as_the_original_would(
    platform: Platform, people: People
) -> None:
    product = await (await people.seller()).sells(stock=3)
    line = {"productId": product["productId"], "quantity": 2, "price": product["price"]}
    data = {"userId": "a-user-of-the-original", "items": [line]}
    await publish(platform, topics.ORDER_COMMANDS, {"command": "CREATE_ORDER", "data": data})
    created = json.loads((await the_only(platform, topics.ORDER_CREATED)).value or b"")
    assert {"orderId", "userId", "items", "totalAmount", "status", "createdAt"} == set(created)
    assert "a-user-of-the-original" == created["userId"]
    updated = json.loads((await the_only(platform, topics.ORDER_UPDATED)).value or b"")
    assert {"orderId", "status", "updatedAt"} == set(updated)
    assert "confirmed" == updated["status"]


async def test_nobody_buys_at_a_price_of_their_choosing_by_writing_to_the_log(
    platform: Platform, people: People
) -> None:
    product = await (await people.seller()).sells(stock=3)
    line = {"productId": product["productId"], "quantity": 2, "price": 0.01}
    data = {"userId": "mallory", "items": [line]}
    await publish(platform, topics.ORDER_COMMANDS, {"command": "CREATE_ORDER", "data": data})
    updated = json.loads((await the_only(platform, topics.ORDER_UPDATED)).value or b"")
    assert ("cancelled", "price_changed") == (updated["status"], updated["reason"])


async def test_a_forged_actor_becomes_a_dead_letter_and_its_partition_goes_on(
    platform: Platform, people: People
) -> None:
    product = await (await people.seller()).sells(stock=3)
    forged = [("actor-id", b"mallory"), ("actor-role", b"admin"), ("actor-signature", b"0" * 64)]
    data = {"productId": product["productId"], "price": 0.01}
    command = {"command": "UPDATE_PRODUCT", "data": data}
    await publish(platform, topics.CATALOG_COMMANDS, command, key="k", headers=forged)
    letter = await the_only(platform, topics.dead_letter_topic(topics.CATALOG_COMMANDS))
    assert b"fatal" == dict(letter.headers)["dlq-reason"]
    assert json.dumps(command).encode() == letter.value
    again = await (await people.seller("olga@example.com")).sells("AFTER")
    assert "AFTER" == again["sku"]


async def test_garbage_on_every_topic_becomes_one_dead_letter_each(
    platform: Platform, people: People
) -> None:
    handled = [*topics.COMMANDS, *topics.EVENTS, topics.COMMAND_REPLIES]
    for topic in handled:
        await publish(platform, topic, b"\xff not JSON", key="k")
    assert await platform.quiet(20)
    for topic in handled:
        letters = await records_of(platform, topics.dead_letter_topic(topic))
        consumers = {dict(letter.headers)["dlq-consumer-group"] for letter in letters}
        assert letters, topic
        assert len(letters) == len(consumers), topic
        assert {b"undecodable"} == {dict(letter.headers)["dlq-reason"] for letter in letters}
    product = await (await people.seller()).sells()
    assert 10 == product["stock"]


async def test_a_request_with_a_reply_address_is_answered_there(
    platform: Platform, people: People
) -> None:
    product = await (await people.seller()).sells()
    await platform.broker.apply([Topic("catalog.commands.reply", partitions=3)])
    asked = [
        ("kafka_correlationId", b"b0b0b0b0b0b0b0b0b0b0b"),
        ("kafka_replyTopic", b"catalog.commands.reply"),
        ("kafka_replyPartition", b"2"),
    ]
    for sku in ("MATE-1KG", "NO-SUCH"):
        command = {"command": "GET_PRODUCT", "data": {"sku": sku}}
        await publish(platform, topics.CATALOG_COMMANDS, command, headers=asked)
        assert await platform.quiet(20)
    found, missing = await records_of(platform, "catalog.commands.reply")
    assert (2, 2) == (found.partition, missing.partition)
    assert product["productId"] == json.loads(found.value or b"")["productId"]
    assert b"b0b0b0b0b0b0b0b0b0b0b" == dict(found.headers)["kafka_correlationId"]
    assert "kafka_nest-is-disposed" in dict(found.headers)
    assert missing.value is None
    assert "product_not_found" == json.loads(dict(missing.headers)["kafka_nest-err"])["type"]


async def test_every_change_reaches_the_log_once_and_in_order(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=100)
    placed = await asyncio.gather(*(buyer.orders(product) for _ in range(10)))
    assert await platform.quiet(20)
    first_id = placed[0].json()["orderId"]
    await buyer.post(f"/orders/{first_id}/cancel")
    assert await platform.quiet(20)
    records = await records_of(platform, topics.ORDER_UPDATED)
    ids = [dict(record.headers)["ce_id"] for record in records]
    assert len(ids) == len(set(ids)) == 11
    told = [json.loads(record.value or b"") for record in records]
    assert ["confirmed", "cancelled"] == [
        event["status"] for event in told if event["orderId"] == first_id
    ]
    moved = [json.loads(r.value or b"") for r in await records_of(platform, topics.STOCK_UPDATED)]
    assert [99, 98, 97, 96, 95, 94, 93, 92, 91, 90, 91] == [event["stock"] for event in moved]


async def test_what_a_story_is_made_of_carries_one_correlation_id(
    platform: Platform, people: People
) -> None:
    product = await (await people.seller()).sells()
    operation = (await (await people.buyer()).orders(product, wait=0)).json()
    assert await platform.quiet(20)
    story = [
        record.topic
        for record in await records_of(platform)
        if dict(record.headers).get("correlation-id") == operation["operationId"].encode()
    ]
    expected = {
        topics.ORDER_COMMANDS,
        topics.ORDER_CREATED,
        topics.STOCK_UPDATED,
        topics.STOCK_RESERVED,
        topics.ORDER_UPDATED,
        topics.COMMAND_REPLIES,
    }
    assert expected == set(story)


async def test_views_built_anew_from_the_log_are_the_views_that_are_read(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=5)
    for _ in range(3):
        await buyer.orders(product, 2)
    assert await platform.quiet(20)
    anew = ProjectorContainer(
        settings=embedded_settings(),
        broker=platform.broker,
        means=platform.container.means(),
        signatures=platform.container.signatures(),
    )
    consumer = anew.service().consumer
    assert 0 < await Replay(platform.broker, consumer.dispatcher).run(consumer.topics)
    now, rebuilt = platform.views_database.views, anew.database().views
    for order in (await buyer.get("/orders")).json()["items"]:
        assert await now.order(order["orderId"]) == await rebuilt.order(order["orderId"])
    assert await now.product(product["productId"]) == await rebuilt.product(product["productId"])
