"""Whatever is written to a topic: one dead letter for each who reads it, and the next goes on."""

import asyncio
import json
from collections import Counter
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from tests.services.stack import Stack
from tests.services.strangers.kcat import consume, headers_of, produce, until

from tradex_core.events import topics

READERS = {
    topics.AUTH_COMMANDS: {"auth"},
    topics.CATALOG_COMMANDS: {"catalog"},
    topics.ORDER_COMMANDS: {"orders"},
    topics.ORDER_CREATED: {"catalog", "projector"},
    topics.ORDER_UPDATED: {"catalog", "projector"},
    topics.STOCK_RESERVED: {"orders", "projector"},
    topics.STOCK_REJECTED: {"orders", "projector"},
    topics.STOCK_UPDATED: {"projector"},
    topics.USER_REGISTERED: {"projector"},
    topics.PRODUCT_CREATED: {"projector"},
    topics.PRODUCT_UPDATED: {"projector"},
    topics.COMMAND_REPLIES: {"projector"},
}
POISONS = {
    "no JSON": (b"\xff\xfe not JSON", {}, "undecodable"),
    "half of it": (b'{"command": "CREATE_ORDER", "data": {', {}, "undecodable"),
    "wrong types": (
        b'{"command": 7, "data": [], "orderId": {}, "items": "none"}',
        {},
        "undecodable",
    ),
    "oversized": (b'{"command": "' + b"x" * 900_000 + b'"}', {}, "undecodable"),
    "headers of another version": (b"{}", {"ce_specversion": "9.9", "ce_id": "x"}, "undecodable"),
}


@pytest.mark.parametrize("poison", POISONS)
async def test_poison_is_one_dead_letter_for_each_reader_and_stops_nothing(
    stack: Stack, poison: str
) -> None:
    value, headers, reason = POISONS[poison]
    mark = uuid4().hex
    marked = {**headers, "mark": mark}
    await asyncio.gather(
        *(produce(stack.kafka_address, topic, value, key=mark, headers=marked) for topic in READERS)
    )
    await asyncio.gather(
        *(
            until(
                stack.kafka_address,
                topics.dead_letter_topic(topic),
                partial(is_letter, mark=mark, reader=reader),
            )
            for topic, readers in READERS.items()
            for reader in readers
        )
    )
    everywhere = await asyncio.gather(*(letters_of(stack, topic, mark) for topic in READERS))
    for (topic, readers), letters in zip(READERS.items(), everywhere, strict=True):
        assert dict.fromkeys(readers, 1) == Counter(
            letter["dlq-consumer-group"] for letter in letters
        ), topic
        assert {reason} == {letter["dlq-reason"] for letter in letters}, topic


async def test_forged_roles_gain_nothing(stack: Stack, product: dict[str, Any]) -> None:
    mark = uuid4().hex
    forged = {
        "actor-id": "mallory",
        "actor-role": "admin",
        "actor-signature": "0" * 64,
        "mark": mark,
    }
    data = {"productId": product["productId"], "price": 0.01}
    sent = json.dumps({"command": "UPDATE_PRODUCT", "data": data}).encode()
    topic = topics.CATALOG_COMMANDS
    await produce(stack.kafka_address, topic, sent, key=product["productId"], headers=forged)
    letter = await until(
        stack.kafka_address,
        topics.dead_letter_topic(topic),
        lambda m: is_letter(m, mark, "catalog"),
    )
    assert "fatal" == headers_of(letter)["dlq-reason"]
    assert sent.decode() == letter["payload"]


def is_letter(message: dict[str, Any], mark: str, reader: str) -> bool:
    headers = headers_of(message)
    return headers.get("mark") == mark and headers["dlq-consumer-group"] == reader


async def letters_of(stack: Stack, topic: str, mark: str) -> list[dict[str, str]]:
    letters = await consume(stack.kafka_address, topics.dead_letter_topic(topic))
    return [headers for m in letters if (headers := headers_of(m)).get("mark") == mark]
