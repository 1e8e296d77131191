from tests.contracts.broker_harness import a_message

from adapters.kafka.broker import KafkaBroker
from adapters.memory.partitioner import partition_of
from tradex_core.messaging.broker import Message


async def test_a_key_goes_where_the_broker_in_memory_puts_it(
    broker: KafkaBroker, topic: str
) -> None:
    keys = [f"key-{number}" for number in range(200)]
    assert [None] * 200 == await broker.publish([a_message(topic, key=key) for key in keys])
    for partition in range(4):
        records = await broker.read(topic, partition, start=0, limit=200)
        expected = [key for key in keys if partition_of(key.encode(), 4) == partition]
        assert expected == [(record.key or b"").decode() for record in records]


async def test_an_empty_key_is_a_key_and_an_empty_value_a_value(
    broker: KafkaBroker, topic: str
) -> None:
    await broker.publish([Message(topic, b"", b"")] * 3)
    records = await broker.read(topic, partition_of(b"", 4), start=0, limit=9)
    assert [(b"", b"")] * 3 == [(record.key, record.value) for record in records]
