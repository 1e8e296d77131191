import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.memory.partitioner import murmur2, partition_of


@pytest.mark.parametrize(
    ("key", "digest"),
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_the_hash_is_that_of_kafkas_own_tests(key: bytes, digest: int) -> None:
    assert digest == murmur2(key)


def test_a_negative_hash_is_made_positive_by_its_lower_31_bits() -> None:
    assert (-973932308 & 0x7FFFFFFF) % 5 == partition_of(b"21", 5)


@given(st.binary(max_size=40), st.integers(min_value=1, max_value=100))
def test_every_key_has_a_partition_and_keeps_it(key: bytes, partitions: int) -> None:
    assert partition_of(key, partitions) in range(partitions)
    assert partition_of(key, partitions) == partition_of(bytes(bytearray(key)), partitions)


def test_keys_spread_evenly() -> None:
    counts = [0] * 6
    for number in range(6000):
        counts[partition_of(f"order-{number}".encode(), 6)] += 1
    assert all(900 < count < 1100 for count in counts)
