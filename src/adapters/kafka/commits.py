"""What a group has committed, asked as one of its own who never joins it."""

from typing import Final

from confluent_kafka import Consumer, KafkaException, TopicPartition

from adapters.kafka.faults import cause_of, no_answer
from adapters.kafka.settings import KafkaSettings
from tradex_core.messaging.broker import Offsets

_NOTHING_COMMITTED: Final = -1


def committed(group: str, settings: KafkaSettings) -> Offsets:
    """Return the group's committed offsets; blocks. Raises Outage.

    librdkafka's admin client knows no group of its own: asked for this while a coordinator is
    elsewhere or not ready, it follows a null pointer and takes the process with it
    (confluentinc/confluent-kafka-javascript#374). A consumer of that group does not.
    """
    timeout = settings.request_timeout.total_seconds()
    consumer = Consumer({**settings.reader(), "group.id": group})
    try:
        topics = consumer.list_topics(timeout=timeout).topics.values()
        asked = [
            TopicPartition(topic.topic, number) for topic in topics for number in topic.partitions
        ]
        found = consumer.committed(asked, timeout=timeout) if asked else []
        return {(e.topic, e.partition): e.offset for e in found if e.offset > _NOTHING_COMMITTED}
    except KafkaException as error:
        raise no_answer(cause_of(error), asked=f"tell what {group} committed") from error
    finally:
        consumer.close()
