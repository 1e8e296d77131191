import pytest
from tests.apps.gateway.world import minutes
from tests.builders.users import HandSetClock

from apps.gateway.rate_limit import RateLimit, TooManyRequests


def test_an_address_may_do_so_many_at_once_and_then_has_to_wait() -> None:
    limit = RateLimit(per_minute=3, clock=HandSetClock())
    for _ in range(3):
        limit.check("10.0.0.1")
    with pytest.raises(TooManyRequests) as refused:
        limit.check("10.0.0.1")
    assert {"retry-after": "20"} == refused.value.headers


def test_addresses_do_not_count_for_each_other() -> None:
    limit = RateLimit(per_minute=1, clock=HandSetClock())
    limit.check("10.0.0.1")
    limit.check("10.0.0.2")


def test_who_waits_as_long_as_they_are_told_is_let_through_once() -> None:
    clock = HandSetClock()
    limit = RateLimit(per_minute=3, clock=clock)
    for _ in range(3):
        limit.check("10.0.0.1")
    clock.advance(minutes(1 / 3))
    limit.check("10.0.0.1")
    with pytest.raises(TooManyRequests):
        limit.check("10.0.0.1")


def test_a_refusal_does_not_prolong_the_wait() -> None:
    clock = HandSetClock()
    limit = RateLimit(per_minute=1, clock=clock)
    limit.check("10.0.0.1")
    for _ in range(10):
        with pytest.raises(TooManyRequests):
            limit.check("10.0.0.1")
    clock.advance(minutes(1))
    limit.check("10.0.0.1")


def test_of_too_many_addresses_the_quietest_is_forgotten() -> None:
    limit = RateLimit(per_minute=1, clock=HandSetClock())
    limit.check("first")
    for number in range(10_000):
        limit.check(f"10.1.{number}")
    limit.check("first")
