"""Publishing to librdkafka's own mock of a broker, which ends with the client that made it."""

from datetime import timedelta

from confluent_kafka import Producer

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from tradex_core.errors import OutcomeUnknown
from tradex_core.messaging.broker import Message


async def test_what_is_not_acknowledged_in_time_is_unknown_and_so_are_later_ones_of_its_key() -> (
    None
):
    server = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    # To ask for a topic makes it.
    [described] = server.list_topics("topic", timeout=10).brokers.values()
    broker = KafkaBroker(
        KafkaSettings(
            bootstrap_servers=f"{described.host}:{described.port}",
            delivery_timeout=timedelta(
                seconds=5
            ),  # what is answered must be, on a busy machine too
        )
    )
    messages = [Message("topic", b"key", b"1"), Message("topic", b"key", b"2")]
    assert [None, None] == await broker.publish(messages)
    del server
    first, second = await broker.publish(messages)
    assert isinstance(first, OutcomeUnknown)
    assert first is second
    await broker.close()
