"""What an attacker with access to the broker writes, topic by topic, and what must come of it."""

import random
from collections.abc import Callable
from typing import Final

import msgspec

from tradex_core.events import topics
from tradex_core.events.envelope import Headers
from tradex_core.messaging.broker import Message, Record

MARK: Final = "x-attack"
CLIENT_TOPIC: Final = b"somebodys.replies"
"""A topic that is none of the platform's."""
STRANGER: Final = "0190c0de-0000-7000-8000-00000000beef"
READERS: Final = {
    topics.AUTH_COMMANDS: ("auth",),
    topics.CATALOG_COMMANDS: ("catalog",),
    topics.ORDER_COMMANDS: ("orders",),
    topics.ORDER_CREATED: ("catalog", "projector"),
    topics.ORDER_UPDATED: ("catalog", "projector"),
    topics.STOCK_RESERVED: ("orders", "projector"),
    topics.STOCK_REJECTED: ("orders", "projector"),
    topics.USER_REGISTERED: ("projector",),
    topics.STOCK_UPDATED: ("projector",),
    topics.PRODUCT_CREATED: ("projector",),
    topics.PRODUCT_UPDATED: ("projector",),
    topics.COMMAND_REPLIES: ("projector",),
}
"""Which consumers read a topic, and so give up what nobody can read in it."""

_GARBAGE: Final = (
    b"",
    b"not json",
    b"[]",
    b"null",
    b"{}",
    b'{"command":5,"data":{}}',
    b'{"command":"DROP_TABLE","data":{}}',
    b'{"orderId":null,"productId":7,"userId":[],"operationId":{}}',
    b"\xff\xfe\x00",
    b"[" * 2000,
    b'{"command":"CREATE_ORDER","data":{"userId":"a\\u0000b","items":[]}}',
    b'{"command":"CREATE_PRODUCT","data":{"stock":99999999999999999999}}',
)
_BAD_HEADERS: Final[tuple[Headers, ...]] = (
    (("ce_specversion", b"2.0"),),
    (("ce_id", b""),),
    (("ce_id", b"\xff\xff"),),
    (("ce_time", b"yesterday"),),
    (("deadline", b"soon"),),
    (("actor-id", b"somebody"),),
    (("actor-role", b"emperor"), ("actor-id", b"somebody")),
    (("ce_id", b"x" * 5000),),
)


class Attack(msgspec.Struct, frozen=True):
    """One message of an attacker, and which consumers have to give it up; none: it is harmless."""

    name: str
    message: Message
    given_up_by: tuple[str, ...]


Plot = Callable[[random.Random, list[Record]], Attack | None]


def garbage(chance: random.Random, _log: list[Record]) -> Attack:
    """Write what is no message into any topic."""
    topic = chance.choice(sorted(READERS))
    value = chance.choice((*_GARBAGE, None))
    return Attack("garbage", Message(topic, _some_key(chance), value), READERS[topic])


def bad_headers(chance: random.Random, log: list[Record]) -> Attack | None:
    """Copy a message and give it headers of which one cannot be read."""
    genuine = _genuine(chance, log)
    if genuine is None:
        return None
    bad = chance.choice(_BAD_HEADERS)
    names = {name for name, _ in bad}
    headers = (*(pair for pair in genuine.headers if pair[0] not in names), *bad)
    return Attack("bad headers", _copy(genuine, headers), READERS[genuine.topic])


def tampered(chance: random.Random, log: list[Record]) -> Attack | None:
    """Copy a signed command and change what it asks for."""
    genuine = _genuine(chance, log, topics.COMMANDS)
    if genuine is None or genuine.value is None:
        return None
    value = genuine.value.replace(b'"data":{', b'"data":{"extra":1,')
    return Attack("tampered", _copy(genuine, genuine.headers, value), READERS[genuine.topic])


def promoted(chance: random.Random, log: list[Record]) -> Attack | None:
    """Copy a signed command and make its sender an admin, or somebody else."""
    genuine = _genuine(chance, log, topics.COMMANDS)
    if genuine is None:
        return None
    name, raw = chance.choice((("actor-role", b"admin"), ("actor-id", STRANGER.encode())))
    headers = tuple((key, raw if key == name else old) for key, old in genuine.headers)
    return Attack("promoted", _copy(genuine, headers), READERS[genuine.topic])


def elsewhere(chance: random.Random, log: list[Record]) -> Attack | None:
    """Copy a signed command into a topic of another service."""
    genuine = _genuine(chance, log, topics.COMMANDS)
    if genuine is None:
        return None
    topic = chance.choice([each for each in topics.COMMANDS if each != genuine.topic])
    message = Message(topic, genuine.key, genuine.value, genuine.headers)
    return Attack("elsewhere", message, READERS[topic])


def unsigned_power(chance: random.Random, log: list[Record]) -> Attack | None:
    """Ask without a signature for what only a signed actor may ask."""
    order = _genuine(chance, log, (topics.ORDER_CREATED,))
    if order is None or order.key is None:
        return None
    value = b'{"command":"CANCEL_ORDER","data":{"orderId":"%b"}}' % order.key
    message = Message(topics.ORDER_COMMANDS, order.key, value)
    return Attack("unsigned power", message, READERS[topics.ORDER_COMMANDS])


def unsigned_order(chance: random.Random, log: list[Record]) -> Attack | None:
    """Order as the original's producers do, under the id of somebody else's command."""
    product = _genuine(chance, log, (topics.PRODUCT_CREATED,))
    victim = _genuine(chance, log, topics.COMMANDS)
    if product is None or product.key is None or victim is None:
        return None
    value = (
        b'{"command":"CREATE_ORDER","data":{"userId":"%b","items":'
        b'[{"productId":"%b","quantity":1,"price":2.50}]}}'
    ) % (STRANGER.encode(), product.key)
    stolen = (("ce_id", dict(victim.headers)["ce_id"]),)
    return Attack("unsigned order", Message(topics.ORDER_COMMANDS, b"k", value, stolen), ())


def asking(chance: random.Random, log: list[Record]) -> Attack | None:
    """Ask for a product and name a topic for the answer: one that is there, not there, or ours."""
    product = _genuine(chance, log, (topics.PRODUCT_CREATED,))
    if product is None or product.key is None:
        return None
    value = b'{"command":"GET_PRODUCT","data":{"productId":"%b"}}' % product.key
    topic = chance.choice((CLIENT_TOPIC, b"nowhere", topics.ORDER_CREATED.encode()))
    headers: Headers = (("kafka_replyTopic", topic), ("kafka_correlationId", b"\x00\xff1"))
    return Attack("asking", Message(topics.CATALOG_COMMANDS, product.key, value, headers), ())


def dead_letters(chance: random.Random, log: list[Record]) -> Attack:
    """Write what is no dead letter among the dead letters."""
    topic = chance.choice(sorted(READERS)) + topics.DEAD_LETTER_SUFFIX
    headers = chance.choice(
        (
            (),
            (("dlq-id", b"orders/order.commands-0-0"),),
            (("dlq-id", b"\xff"), ("dlq-reason", b"exhausted")),
            (("dlq-id", b"x"), ("dlq-reason", b"exhausted"), ("dlq-replay-count", b"many")),
        )
    )
    return Attack("dead letter", Message(topic, b"key", b"{}", headers), ())


def repeated(chance: random.Random, log: list[Record]) -> Attack | None:
    """Write a message again, to the letter."""
    genuine = _genuine(chance, log)
    if genuine is None:
        return None
    return Attack("repeated", _copy(genuine, genuine.headers), ())


def renamed(chance: random.Random, log: list[Record]) -> Attack | None:
    """Write an event again without its headers, so that nobody knows it by its id."""
    genuine = _genuine(chance, log, topics.EVENTS)
    if genuine is None:
        return None
    return Attack("renamed", _copy(genuine, ()), ())


def decided(chance: random.Random, log: list[Record]) -> Attack | None:
    """Write a message again as though an operator had sent it again."""
    genuine = _genuine(chance, log)
    if genuine is None:
        return None
    consumer = chance.choice(READERS[genuine.topic]).encode()
    forged: Headers = (
        ("dlq-consumer-group", consumer),
        ("dlq-origin", genuine.position.encode()),
        ("dlq-replay-count", b"1"),
        ("dlq-resolution", chance.choice((b"redriven", b"discarded"))),
        ("dlq-signature", b"0" * 64),
    )
    return Attack("decided", _copy(genuine, (*genuine.headers, *forged)), ())


PLOTS: Final[tuple[Plot, ...]] = (
    garbage,
    garbage,
    bad_headers,
    tampered,
    promoted,
    elsewhere,
    unsigned_power,
    unsigned_order,
    asking,
    dead_letters,
    repeated,
    renamed,
    renamed,
    decided,
)


def _genuine(
    chance: random.Random, log: list[Record], among: tuple[str, ...] | None = None
) -> Record | None:
    found = [
        record
        for record in log
        if record.topic in (among or READERS)
        and not any(name in (MARK, "dlq-signature") for name, _ in record.headers)
    ]
    return chance.choice(found) if found else None


def _copy(record: Record, headers: Headers, value: bytes | None = None) -> Message:
    return Message(
        record.topic,
        record.key,
        record.value if value is None else value,
        headers,
        record.partition,
    )


def _some_key(chance: random.Random) -> bytes | None:
    return chance.choice((None, b"", b"key", b"\xff\x00", b"k" * 300))
