import asyncio
import threading

import pytest
from tests.contracts.broker_harness import a_message, spread, values

from adapters.kafka.broker import KafkaBroker
from tradex_core.errors import Unpublishable


async def test_following_a_missing_topic_names_it_and_holds_nothing_up(
    broker: KafkaBroker, topic: str
) -> None:
    follower = broker.follow([topic, f"{topic}-missing"])
    with pytest.raises(Unpublishable, match=rf"'{topic}-missing'.*tradex topics apply"):
        await anext(follower)
    assert [None] == await broker.publish([a_message(topic)])


async def test_what_is_published_the_moment_after_is_followed(
    broker: KafkaBroker, topic: str
) -> None:
    for number in range(5):
        follower = broker.follow([topic, topic])
        await broker.publish([a_message(topic, str(number))])
        async with asyncio.timeout(10):
            assert [str(number)] == values(await anext(follower))


async def test_a_follower_that_is_dropped_ends_its_thread(broker: KafkaBroker, topic: str) -> None:
    follower = broker.follow([topic])
    await broker.publish(spread(topic, 4))
    await anext(follower)
    [thread] = [each for each in threading.enumerate() if each.name == f"a follower of {topic}"]
    del follower
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()


async def test_a_closed_broker_has_nothing_to_follow(broker: KafkaBroker, topic: str) -> None:
    await broker.close()
    assert [] == [batch async for batch in broker.follow([topic])]
