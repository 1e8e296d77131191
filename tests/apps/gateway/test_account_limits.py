"""Trying for one account from anywhere: guesses are slowed down, and its owner gets in."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import World

from apps.gateway.container import GatewayContainer
from tradex_core.errors import Outage
from tradex_core.users.attempts import Attempt, Attempts

OWNER, UNKNOWN = "ana@example.com", "nobody@example.com"
HOME = "198.51.100.7"


@pytest.fixture
def world() -> World:
    """Four an hour for each account; an address may try as often as it likes."""
    return World(
        login_account_limit=4,
        register_account_limit=4,
        login_rate_limit=None,
        register_rate_limit=None,
    )


class Away(Attempts):
    """Attempts that cannot be counted."""

    async def wait(self, attempt: Attempt, *_: object, **__: object) -> timedelta:
        msg = f"the database is away: {attempt!r}"
        raise Outage(msg)


def client_at(
    world: World, address: str, container: GatewayContainer | None = None
) -> httpx.AsyncClient:
    app: Any = (container or world.container).app()
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def log_in(
    world: World, address: str, email: str = OWNER, container: GatewayContainer | None = None
) -> httpx.Response:
    body = {"email": email, "password": "is it this one?"}
    async with client_at(world, address, container) as client:
        return await client.post("/v1/auth/login", json=body, headers={"prefer": "wait=0"})


async def register(world: World, address: str, email: str = OWNER) -> httpx.Response:
    body = {"email": email, "password": "plum tram 42 quiet", "name": "Ana"}
    async with client_at(world, address) as client:
        return await client.post("/v1/auth/register", json=body)


async def attack(world: World, *, guesses: int = 20) -> list[int]:
    """Guess at the owner's password from one address after another; return the answers."""
    answers = [await log_in(world, f"203.0.113.{number}") for number in range(guesses)]
    return [answer.status_code for answer in answers]


async def test_guesses_at_one_account_from_many_addresses_are_limited(running: World) -> None:
    assert [202] * 4 + [429] * 16 == await attack(running)
    assert 4 == len(await running.commands())


async def test_an_address_is_one_account_however_it_is_spelled(running: World) -> None:
    spellings = ("ana@example.com", "ANA@example.com", "Ana@Example.com", "aNa@example.com")
    for spelling in spellings:
        await log_in(running, HOME, spelling)
    assert 429 == (await log_in(running, HOME)).status_code


async def test_replicas_count_together(running: World) -> None:
    replicas = [running.new_container() for _ in range(3)]
    answers = [
        await log_in(running, HOME, container=replica) for replica in replicas for _ in range(2)
    ]
    assert [202] * 4 + [429] * 2 == [answer.status_code for answer in answers]


async def test_who_waits_as_long_as_told_is_let_in_though_the_attack_goes_on(
    running: World,
) -> None:
    await attack(running)
    refused = await log_in(running, HOME)
    wait = int(refused.headers["retry-after"])
    assert (429, 15 * 60) == (refused.status_code, wait)
    for _ in range(15):
        running.clock.advance(timedelta(seconds=wait / 15))
        await attack(running)
    assert 202 == (await log_in(running, HOME)).status_code


async def test_other_accounts_notice_nothing(running: World) -> None:
    await attack(running)
    assert 202 == (await log_in(running, HOME, "bob@example.com")).status_code


async def test_an_account_that_nobody_has_is_answered_like_any_other(running: World) -> None:
    def shown(answer: httpx.Response) -> tuple[object, ...]:
        body = answer.json()
        told = {name: value for name, value in answer.headers.items() if "rate" in name}
        is_accepted = answer.status_code == 202
        return (answer.status_code, told, body["status"] if is_accepted else body)

    theirs = [shown(await log_in(running, HOME)) for _ in range(6)]
    nobodys = [shown(await log_in(running, HOME, UNKNOWN)) for _ in range(6)]
    assert theirs == nobodys


async def test_an_answer_does_not_tell_how_often_others_have_tried(running: World) -> None:
    first = await log_in(running, HOME)
    await log_in(running, "203.0.113.1")
    last = await log_in(running, HOME)
    assert '"login-by-account";q=4;w=3600' == first.headers["ratelimit-policy"]
    assert "ratelimit" not in first.headers
    assert "ratelimit" not in last.headers


async def test_a_refusal_tells_when_the_turn_comes(running: World) -> None:
    await attack(running)
    refused = await log_in(running, HOME)
    assert '"login-by-account";r=0;t=900' == refused.headers["ratelimit"]
    assert "too_many_requests" == refused.json()["type"]
    assert OWNER not in refused.text


async def test_registering_one_account_again_and_again_is_limited_apart(running: World) -> None:
    answers = [await register(running, f"203.0.113.{number}") for number in range(5)]
    assert [202] * 4 + [429] == [answer.status_code for answer in answers]
    assert 202 == (await log_in(running, HOME)).status_code


class TestWhileTheDatabaseIsAway:
    """Attempts that nobody counts are not let in."""

    @pytest.fixture
    def world(self, world: World) -> World:
        world.attempts = Away()
        world.container = world.new_container()
        return world

    async def test_nobody_can_try_uncounted(self, running: World) -> None:
        for answer in (await log_in(running, HOME), await register(running, HOME)):
            assert (503, "unavailable") == (answer.status_code, answer.json()["type"])
            assert "1" == answer.headers["retry-after"]
        assert [] == await running.commands()


async def test_what_is_kept_shows_neither_account_nor_address(running: World) -> None:
    class Noting(Away):
        async def wait(self, attempt: Attempt, *_: object, **__: object) -> timedelta:
            noted.append(attempt)
            return timedelta()

    noted: list[Attempt] = []
    running.attempts = Noting()
    await log_in(running, HOME, container=running.new_container())
    [attempt] = noted
    for digest in (attempt.account, attempt.network):
        assert 32 == len(digest)
        assert OWNER.encode() not in digest
