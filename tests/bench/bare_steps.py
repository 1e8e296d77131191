"""The bare steps of an order: a message produced and consumed, and a commit to each database."""

from collections.abc import Callable
from statistics import median
from time import perf_counter
from typing import Any, Final

import psycopg
from msgspec import Struct
from psycopg.types.json import Jsonb
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern
from tests.bench.kafka_log import KafkaLog, Watcher
from tests.bench.pacing import at_pace
from tests.services.stack import Stack

from tradex_core.messaging.broker import Message

TOPIC: Final = "bench.bare"
_TABLE: Final = "CREATE TABLE IF NOT EXISTS bare (id int4, document jsonb)"
_DOCUMENT: Final = {"text": "x" * 250}
"""As large as an order of two lines."""
_PATIENCE_SECONDS: Final = 30


class BareSteps(Struct, frozen=True):
    """The median of each, in milliseconds; `consumed` is from when the message was sent."""

    acknowledged: float
    consumed: float
    postgres: float
    mongo: float

    @property
    def until_confirmed(self) -> float:
        """What lies between the acknowledgement of a CREATE_ORDER and a consumer of order.updated.

        The command is consumed, and three events are produced and consumed; the order is committed,
        then the reservation, then the confirmation.
        """
        messages = (self.consumed - self.acknowledged) + 3 * self.consumed
        return messages + 2 * self.postgres + self.mongo

    def __str__(self) -> str:
        return (
            f"acknowledged after {self.acknowledged:.1f} ms, consumed after {self.consumed:.1f}, "
            f"a commit to PostgreSQL {self.postgres:.1f}, to the MongoDB-wire server "
            f"{self.mongo:.1f} (medians)"
        )


def take_steps(stack: Stack, log: KafkaLog, *, per_second: int, count: int) -> BareSteps:
    """Take each step so often, at a steady pace, on the servers of a stack that has nothing to do.

    What is written is as durable as what the platform writes. `TOPIC` must be there.
    """
    numbers = [f"{number:08}".encode() for number in range(count)]
    sent: dict[bytes, float] = {}
    acknowledged = []
    with Watcher(log, TOPIC) as watcher:
        for number in at_pace(per_second, count):
            sent[numbers[number]] = began = perf_counter()
            log.publish([Message(TOPIC, numbers[number], b"x" * 300)])
            acknowledged.append(perf_counter() - began)
        watcher.wait_for(numbers, patience=_PATIENCE_SECONDS)
    return BareSteps(
        acknowledged=_middle_ms(acknowledged),
        consumed=_middle_ms([watcher.seen[number] - at for number, at in sent.items()]),
        postgres=_postgres_ms(stack.postgres.url, per_second, count),
        mongo=_mongo_ms(stack.mongo.url, per_second, count),
    )


def _postgres_ms(url: str, per_second: int, count: int) -> float:
    with psycopg.connect(url) as connection:
        connection.execute(_TABLE)
        connection.commit()

        def commit() -> None:
            connection.execute("INSERT INTO bare VALUES (1, %s)", [Jsonb(_DOCUMENT)])
            connection.commit()

        return _paced_ms(commit, per_second, count)


def _mongo_ms(url: str, per_second: int, count: int) -> float:
    client: MongoClient[dict[str, Any]] = MongoClient(url)
    with client:
        durable = WriteConcern(w="majority", j=True)
        bare = client["bench"].get_collection("bare", write_concern=durable)
        return _paced_ms(lambda: bare.insert_one(dict(_DOCUMENT)), per_second, count)


def _paced_ms(step: Callable[[], object], per_second: int, count: int) -> float:
    seconds = []
    for _ in at_pace(per_second, count):
        began = perf_counter()
        step()
        seconds.append(perf_counter() - began)
    return _middle_ms(seconds)


def _middle_ms(seconds: list[float]) -> float:
    return median(seconds) * 1e3
