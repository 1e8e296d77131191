import sys

import msgspec
from tests.bench.sizes import Sizes

from adapters.memory.log import PartitionLog
from tradex_core.events.topics import Topic
from tradex_core.money import Money


class Pair(msgspec.Struct):
    left: object
    right: object


def test_what_an_object_holds_is_its_own() -> None:
    held = "x" * 1_000

    assert sys.getsizeof([held]) + sys.getsizeof(held) == Sizes().of([held])


def test_what_is_shared_counts_once() -> None:
    shared, sizes = "x" * 1_000, Sizes()
    first, second = Pair(shared, None), Pair(shared, None)

    assert sys.getsizeof(shared) == sizes.of(first) - sizes.of(second)


def test_what_is_in_slots_and_attributes_is_found() -> None:
    money = Money("123456.78")
    log = PartitionLog(Topic("t" * 1_000), 0, max_records=None)

    assert sys.getsizeof(money) + sys.getsizeof(money.cents) == Sizes().of(money)
    assert Sizes().of(log) > 1_000


def test_raw_json_is_as_large_as_its_bytes() -> None:
    sizes = Sizes()

    assert 900 == sizes.of(msgspec.Raw(b"1" * 1_000)) - sizes.of(msgspec.Raw(b"1" * 100))
