from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from tradex_core.clock import epoch_ms, from_epoch_ms


def test_the_epoch_is_zero() -> None:
    assert 0 == epoch_ms(datetime(1970, 1, 1, tzinfo=UTC))


@given(st.integers(0, 253_402_300_799_999))
def test_milliseconds_survive_the_way_there_and_back(ms: int) -> None:
    assert ms == epoch_ms(from_epoch_ms(ms))
    assert UTC is from_epoch_ms(ms).tzinfo


def test_what_is_less_than_a_millisecond_is_cut_off() -> None:
    at = datetime(2024, 1, 15, 10, 0, 0, 1999, tzinfo=UTC)
    assert 1 == epoch_ms(at) - epoch_ms(at.replace(microsecond=0))


def test_an_instant_is_the_same_in_every_zone() -> None:
    at = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
    assert epoch_ms(at) == epoch_ms(at.astimezone(timezone(timedelta(hours=5, minutes=30))))
