"""Registering is limited for each client address, since it tells which addresses are taken."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.apps.gateway.world import World
from tests.builders.users import HandSetClock

from apps.gateway.rate_limit import RateLimit, TooManyRequests

REGISTER = "/v1/auth/register"
REGISTRATION = {"email": "ana@example.com", "password": "plum tram 42 quiet", "name": "Ana"}


@pytest.fixture
def world() -> World:
    """Three accounts a minute, from each address."""
    return World(register_rate_limit=3)


@pytest.fixture
def clock() -> HandSetClock:
    return HandSetClock()


@pytest.fixture
def limit(clock: HandSetClock) -> RateLimit:
    return RateLimit(per_minute=3, clock=clock)


def passes(limit: RateLimit, address: str = "192.0.2.1") -> bool:
    try:
        limit.check(address)
    except TooManyRequests:
        return False
    return True


def client_at(world: World, address: str) -> httpx.AsyncClient:
    app: Any = world.container.app()
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def test_one_registration_too_many_is_told_when_to_come_back(
    running: World, anyone: httpx.AsyncClient
) -> None:
    accepted = [(await anyone.post(REGISTER, json=REGISTRATION)).status_code for _ in range(3)]
    refused = await anyone.post(REGISTER, json=REGISTRATION)
    assert accepted == [202, 202, 202]
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "20"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "too_many_requests"
    assert len(await running.commands()) == 3

    running.clock.advance(timedelta(seconds=20))
    assert (await anyone.post(REGISTER, json=REGISTRATION)).status_code == 202


async def test_another_address_has_its_own_limit(running: World) -> None:
    async with client_at(running, "192.0.2.1") as one, client_at(running, "192.0.2.2") as other:
        for _ in range(3):
            await one.post(REGISTER, json=REGISTRATION)
        assert (await one.post(REGISTER, json=REGISTRATION)).status_code == 429
        assert (await other.post(REGISTER, json=REGISTRATION)).status_code == 202


async def test_an_address_that_the_client_claims_changes_nothing(
    running: World, anyone: httpx.AsyncClient
) -> None:
    answers = [
        await anyone.post(
            REGISTER, json=REGISTRATION, headers={"x-forwarded-for": f"192.0.2.{number}"}
        )
        for number in range(4)
    ]
    assert [202, 202, 202, 429] == [answer.status_code for answer in answers]


async def test_what_is_refused_anyway_does_not_count(
    running: World, anyone: httpx.AsyncClient
) -> None:
    for _ in range(5):
        answer = await anyone.post(REGISTER, json={**REGISTRATION, "password": "short"})
        assert answer.status_code == 400
    assert (await anyone.post(REGISTER, json=REGISTRATION)).status_code == 202


async def test_only_registering_is_limited(running: World, anyone: httpx.AsyncClient) -> None:
    login = {"email": "ana@example.com", "password": "plum tram 42 quiet"}
    answers = [
        await anyone.post("/v1/auth/login", json=login, headers={"prefer": "wait=0"})
        for _ in range(5)
    ]
    assert {202} == {answer.status_code for answer in answers}


def test_the_whole_minute_may_be_used_at_once(limit: RateLimit) -> None:
    assert [True, True, True, False, False] == [passes(limit) for _ in range(5)]


def test_it_refills_one_by_one(limit: RateLimit, clock: HandSetClock) -> None:
    for _ in range(3):
        limit.check("192.0.2.1")
    clock.advance(timedelta(seconds=19, milliseconds=999))
    assert not passes(limit)
    clock.advance(timedelta(milliseconds=1))
    assert [True, False] == [passes(limit), passes(limit)]
    clock.advance(timedelta(seconds=40))
    assert [True, True, False] == [passes(limit) for _ in range(3)]


def test_it_never_holds_more_than_a_minutes_worth(limit: RateLimit, clock: HandSetClock) -> None:
    limit.check("192.0.2.1")
    clock.advance(timedelta(days=1))
    assert [True, True, True, False] == [passes(limit) for _ in range(4)]


def test_whoever_is_refused_does_not_wait_longer_for_asking(
    limit: RateLimit, clock: HandSetClock
) -> None:
    for _ in range(3):
        limit.check("192.0.2.1")
    for _ in range(100):
        assert not passes(limit)
    clock.advance(timedelta(seconds=20))
    assert passes(limit)


def test_ten_thousand_addresses_are_remembered_and_no_more(limit: RateLimit) -> None:
    for _ in range(3):
        limit.check("first")
    for number in range(9_999):
        limit.check(str(number))
    assert not passes(limit, "first")
    limit.check("one too many")
    assert passes(limit, "first")
