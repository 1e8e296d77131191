from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import BUCKETS, bucket_of


def test_messages_of_one_topic_and_key_share_a_bucket() -> None:
    one = Message("topic", b"key", b"1", (("name", b"1"),))
    other = Message("topic", b"key", b"2", partition=3)
    assert bucket_of(one) == bucket_of(other)


def test_keys_are_spread_over_all_buckets() -> None:
    buckets = [bucket_of(Message("topic", b"%d" % number, None)) for number in range(1600)]
    assert set(range(BUCKETS)) == set(buckets)
    assert max(buckets.count(bucket) for bucket in set(buckets)) < 3 * 1600 / BUCKETS


def test_the_bucket_of_a_row_that_is_stored_never_changes() -> None:
    buckets = [bucket_of(Message("order.created", b"%d" % number, None)) for number in range(6)]
    assert [0, 8, 6, 11, 10, 9] == buckets


def test_a_key_of_another_topic_is_another_lane() -> None:
    topics = [Message(f"topic-{number}", b"key", None) for number in range(50)]
    assert len({bucket_of(message) for message in topics}) > 1
