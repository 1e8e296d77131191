from tests.builders.messages import bare, create_order, lying

from tradex_core.messaging.parking import Lane


def test_messages_of_one_consumer_topic_and_key_share_a_lane() -> None:
    one = lying(bare(create_order(), key="key"), offset=1)
    other = lying(bare(create_order("somebody"), key="key"), offset=2)
    assert Lane.of("orders", one) == Lane.of("orders", other)
    assert Lane.of("orders", one) != Lane.of("catalog", one)
    assert Lane.of("orders", one) != Lane.of("orders", lying(bare(create_order(), key="k")))


def test_a_message_without_a_key_has_a_lane_of_its_own() -> None:
    one = lying(bare(create_order(), key=None), offset=1)
    other = lying(bare(create_order(), key=None), offset=2)
    assert Lane.of("orders", one) != Lane.of("orders", other)
    assert Lane.of("orders", one) != Lane.of("orders", lying(bare(create_order(), key="")))
