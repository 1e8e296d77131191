from datetime import UTC, datetime, timedelta

import pytest

from adapters.security.system import SystemClock, SystemEntropy


def test_the_clock_tells_the_present_in_utc() -> None:
    now = SystemClock().now()
    assert UTC == now.tzinfo
    assert abs(datetime.now(UTC) - now) < timedelta(seconds=5)


@pytest.mark.parametrize("count", [1, 4, 20, 64, 74])
def test_as_many_bits_are_drawn_as_asked_for(count: int) -> None:
    drawn = [SystemEntropy().bits(count) for _ in range(400)]
    assert 0 <= min(drawn)
    assert count == max(number.bit_length() for number in drawn)


def test_ids_made_of_these_bits_do_not_meet() -> None:
    assert len({SystemEntropy().bits(74) for _ in range(1000)}) == 1000
