"""The contract of attempts: subclass `AttemptsContract` and say how to make them."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from tradex_core.users.attempts import Attempt, Attempts, Pace

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
PACE = Pace(3, timedelta(minutes=3))
MINUTE = timedelta(minutes=1)
ZERO = timedelta()


def at(minutes: float) -> datetime:
    return NOW + minutes * MINUTE


def an_attempt(*, account: str = "ana", network: str = "home") -> Attempt:
    return Attempt(account.encode(), f"{account} from {network}".encode())


async def use_up(attempts: Attempts, *, network: str = "attacker", minute: float = 0) -> None:
    """Try until there is no more."""
    attempt = an_attempt(network=network)
    while await attempts.wait(attempt, PACE, at=at(minute)) == ZERO:
        pass


class AttemptsContract:
    """Everything that attempts promise."""

    @pytest.fixture
    async def attempts(self) -> Attempts:
        raise NotImplementedError

    async def test_the_whole_pace_may_be_used_at_once_and_no_more(self, attempts: Attempts) -> None:
        waits = [await attempts.wait(an_attempt(), PACE, at=NOW) for _ in range(4)]
        assert [ZERO, ZERO, ZERO, MINUTE] == waits

    @pytest.mark.parametrize("limit", [1, 7, 13, 30])
    async def test_a_pace_that_does_not_divide_evenly_is_let_through_in_full(
        self, attempts: Attempts, limit: int
    ) -> None:
        pace = Pace(limit, timedelta(hours=1))
        waits = [await attempts.wait(an_attempt(), pace, at=NOW) for _ in range(limit)]
        assert [ZERO] * limit == waits
        assert pace.interval == await attempts.wait(an_attempt(), pace, at=NOW)

    async def test_another_is_let_in_each_interval(self, attempts: Attempts) -> None:
        for _ in range(3):
            await attempts.wait(an_attempt(), PACE, at=NOW)
        almost = await attempts.wait(an_attempt(network="elsewhere"), PACE, at=at(0.99))
        assert ZERO < almost
        assert ZERO == await attempts.wait(an_attempt(), PACE, at=at(1))
        assert ZERO < await attempts.wait(an_attempt(), PACE, at=at(1))

    async def test_never_more_than_the_pace_is_saved_up(self, attempts: Attempts) -> None:
        await attempts.wait(an_attempt(), PACE, at=NOW)
        waits = [await attempts.wait(an_attempt(), PACE, at=at(50)) for _ in range(4)]
        assert [ZERO, ZERO, ZERO, MINUTE] == waits

    async def test_an_accounts_pace_is_for_all_networks_together(self, attempts: Attempts) -> None:
        waits = [
            await attempts.wait(an_attempt(network=network), PACE, at=NOW)
            for network in ("one", "two", "three", "four")
        ]
        assert [ZERO, ZERO, ZERO, MINUTE] == waits

    async def test_each_account_has_its_own(self, attempts: Attempts) -> None:
        await use_up(attempts)
        assert ZERO == await attempts.wait(an_attempt(account="bob"), PACE, at=NOW)

    async def test_who_waited_is_let_in_whatever_others_do(self, attempts: Attempts) -> None:
        await use_up(attempts)
        wait = await attempts.wait(an_attempt(), PACE, at=at(0.5))
        assert MINUTE == wait
        for minute in (0.6, 0.8, 1.0, 1.2, 1.4, 1.5):
            await use_up(attempts, minute=minute)
        assert ZERO == await attempts.wait(an_attempt(), PACE, at=at(0.5) + wait)

    async def test_who_asks_too_early_waits_no_longer_for_it(self, attempts: Attempts) -> None:
        await use_up(attempts)
        await attempts.wait(an_attempt(), PACE, at=NOW)
        await use_up(attempts, minute=0.75)
        assert MINUTE / 4 == await attempts.wait(an_attempt(), PACE, at=at(0.75))
        await use_up(attempts, minute=1)
        assert ZERO == await attempts.wait(an_attempt(), PACE, at=at(1))

    async def test_a_turn_is_good_for_one_attempt(self, attempts: Attempts) -> None:
        await use_up(attempts)
        await attempts.wait(an_attempt(), PACE, at=NOW)
        await use_up(attempts, minute=1)
        assert ZERO == await attempts.wait(an_attempt(), PACE, at=at(1))
        assert MINUTE == await attempts.wait(an_attempt(), PACE, at=at(1))
        await use_up(attempts, minute=2)
        assert ZERO == await attempts.wait(an_attempt(), PACE, at=at(2))

    async def test_a_turn_is_one_networks_and_for_one_account(self, attempts: Attempts) -> None:
        await use_up(attempts)
        await attempts.wait(an_attempt(), PACE, at=NOW)
        await use_up(attempts, minute=1)
        assert MINUTE == await attempts.wait(an_attempt(network="new"), PACE, at=at(1))

    async def test_of_attempts_that_race_no_more_than_the_pace_are_let_in(
        self, attempts: Attempts
    ) -> None:
        racing = [
            attempts.wait(an_attempt(network=str(number)), PACE, at=NOW) for number in range(12)
        ]
        waits = await asyncio.gather(*racing)
        assert [ZERO] * 3 + [MINUTE] * 9 == sorted(waits)

    async def test_of_attempts_that_race_for_one_turn_one_is_let_in(
        self, attempts: Attempts
    ) -> None:
        await use_up(attempts)
        await attempts.wait(an_attempt(), PACE, at=NOW)
        await use_up(attempts, minute=1)
        waits = await asyncio.gather(
            *(attempts.wait(an_attempt(), PACE, at=at(1)) for _ in range(8))
        )
        assert [ZERO] + [MINUTE] * 7 == sorted(waits)
