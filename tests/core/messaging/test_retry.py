import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.machines import FixedEntropy, SeededEntropy

from tradex_core.messaging.retry import Backoff


def test_the_wait_doubles_from_300_milliseconds_to_half_a_minute() -> None:
    bounds = [Backoff().bound(attempts) for attempts in range(1, 11)]
    assert [0.3, 0.6, 1.2, 2.4, 4.8, 9.6, 19.2, 30.0, 30.0, 30.0] == pytest.approx(bounds)


def test_there_are_ten_tries() -> None:
    assert 10 == Backoff().tries


@given(attempts=st.integers(1, 10**9), seed=st.integers())
def test_every_wait_is_within_its_bound(attempts: int, seed: int) -> None:
    backoff = Backoff()
    assert 0 <= backoff.delay(attempts, SeededEntropy(seed)) <= backoff.bound(attempts) <= 30


def test_the_jitter_reaches_from_nothing_to_the_bound() -> None:
    assert 0 == Backoff().delay(5, FixedEntropy(ones=False))
    assert 4.8 == pytest.approx(Backoff().delay(5, FixedEntropy(ones=True)), rel=1e-5)


def test_waits_are_spread_evenly() -> None:
    entropy = SeededEntropy()
    waits = [Backoff().delay(10, entropy) for _ in range(4000)]
    for third in range(3):
        share = sum(third * 10 <= wait < (third + 1) * 10 for wait in waits)
        assert 1200 < share < 1460


def test_the_same_chance_gives_the_same_waits() -> None:
    def waits(seed: int) -> list[float]:
        entropy = SeededEntropy(seed)
        return [Backoff().delay(attempts, entropy) for attempts in range(1, 11)]

    assert waits(1) == waits(1)
    assert waits(1) != waits(2)
