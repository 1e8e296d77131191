"""How often somebody may do something, and how they are told of it."""

from datetime import timedelta
from typing import Any, cast

import httpx
import pytest
from litestar.types import Scope
from tests.apps.gateway.world import BUYER, World
from tests.builders.users import HandSetClock
from tests.builders.views import a_product_id, a_product_view

from apps.gateway.quota import TooManyRequests, told_of
from apps.gateway.rate_limit import RateLimit
from apps.runtime.setting_values import networks
from apps.runtime.settings import NO_LIMITS

REGISTER, LOGIN = "/v1/auth/register", "/v1/auth/login"
REGISTRATION = {"email": "ana@example.com", "password": "plum tram 42 quiet", "name": "Ana"}
ORDER = {"items": [{"productId": a_product_id(1), "quantity": 1}]}


@pytest.fixture
def world() -> World:
    """Three a minute, of everything."""
    return World(register_rate_limit=3, login_rate_limit=3, command_rate_limit=3)


@pytest.fixture
def clock() -> HandSetClock:
    return HandSetClock()


@pytest.fixture
def limit(clock: HandSetClock) -> RateLimit:
    return RateLimit("things", per_minute=3, whose="from one address", clock=clock)


def a_scope() -> Scope:
    return cast("Scope", {"state": {}})


def passes(limit: RateLimit, whom: str = "192.0.2.1") -> bool:
    try:
        limit.check(a_scope(), whom)
    except TooManyRequests:
        return False
    return True


def told(limit: RateLimit) -> list[str]:
    scope = a_scope()
    limit.check(scope, "192.0.2.1")
    return [value.decode() for _, value in told_of(scope)]


def client_at(world: World, address: str) -> httpx.AsyncClient:
    app: Any = world.container.app()
    transport = httpx.ASGITransport(app=app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway")


async def register(client: httpx.AsyncClient, number: int = 0, **headers: str) -> httpx.Response:
    body = REGISTRATION | {"email": f"ana{number}@example.com"}
    return await client.post(REGISTER, json=body, headers=headers)


async def log_in(client: httpx.AsyncClient, number: int = 0) -> httpx.Response:
    body = {"email": f"ana{number}@example.com", "password": "plum tram 42 quiet"}
    return await client.post(LOGIN, json=body, headers={"prefer": "wait=0"})


async def test_one_registration_too_many_is_told_when_to_come_back(
    running: World, anyone: httpx.AsyncClient
) -> None:
    accepted = [(await register(anyone, number)).status_code for number in range(3)]
    refused = await register(anyone)
    assert accepted == [202, 202, 202]
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "20"
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["type"] == "too_many_requests"
    assert len(await running.commands()) == 3

    running.clock.advance(timedelta(seconds=20))
    assert (await register(anyone)).status_code == 202


async def test_signing_in_is_limited_by_address_too(anyone: httpx.AsyncClient) -> None:
    answers = [await log_in(anyone, number) for number in range(4)]
    assert [202, 202, 202, 429] == [answer.status_code for answer in answers]
    assert (await register(anyone)).status_code == 202


async def test_another_address_has_its_own_limit(running: World) -> None:
    async with client_at(running, "192.0.2.1") as one, client_at(running, "192.0.2.2") as other:
        for number in range(3):
            await register(one, number)
        assert (await register(one)).status_code == 429
        assert (await register(other)).status_code == 202


async def test_an_address_that_the_client_claims_changes_nothing(
    anyone: httpx.AsyncClient,
) -> None:
    answers = [
        await register(anyone, number, **{"x-forwarded-for": f"192.0.2.{number}"})
        for number in range(4)
    ]
    assert [202, 202, 202, 429] == [answer.status_code for answer in answers]


class TestBehindAProxy:
    """What the proxy saw is what counts."""

    @pytest.fixture
    def world(self) -> World:
        return World(register_rate_limit=1, trusted_proxies=networks("10.0.0.2"))

    async def test_each_of_its_clients_has_a_limit_of_their_own(self, running: World) -> None:
        async with client_at(running, "10.0.0.2") as proxy:
            seen = ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2, 192.0.2.1")
            answers = [
                await register(proxy, number, **{"x-forwarded-for": forwarded})
                for number, forwarded in enumerate(seen)
            ]
        assert [202, 202, 429, 429] == [answer.status_code for answer in answers]


async def test_what_is_refused_anyway_does_not_count(anyone: httpx.AsyncClient) -> None:
    for _ in range(5):
        answer = await anyone.post(REGISTER, json={**REGISTRATION, "password": "short"})
        assert answer.status_code == 400
    assert (await register(anyone)).status_code == 202


async def test_an_account_may_send_so_many_commands(
    running: World, buyer: httpx.AsyncClient, other_buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view())
    answers = [await buyer.post("/v1/orders", json=ORDER) for _ in range(4)]
    assert [202, 202, 202, 429] == [answer.status_code for answer in answers]
    assert "20" == answers[-1].headers["retry-after"]
    assert "too_many_requests" == answers[-1].json()["type"]
    assert 202 == (await other_buyer.post("/v1/orders", json=ORDER)).status_code
    assert 4 == len(await running.commands())


async def test_commands_are_counted_by_account_wherever_they_come_from(running: World) -> None:
    running.show(a_product_view())
    headers = {"authorization": f"Bearer {running.token(BUYER)}"}
    answers = []
    for number in range(4):
        async with client_at(running, f"192.0.2.{number}") as client:
            answers.append(await client.post("/v1/orders", json=ORDER, headers=headers))
    assert [202, 202, 202, 429] == [answer.status_code for answer in answers]


async def test_reading_is_not_limited(buyer: httpx.AsyncClient) -> None:
    answers = [await buyer.get("/v1/orders") for _ in range(5)]
    assert {200} == {answer.status_code for answer in answers}
    assert "ratelimit-policy" not in answers[0].headers


async def test_an_answer_tells_what_is_left(
    running: World, anyone: httpx.AsyncClient, buyer: httpx.AsyncClient
) -> None:
    running.show(a_product_view())
    accepted = await buyer.post("/v1/orders", json=ORDER)
    assert '"commands-by-account";q=3;w=60' == accepted.headers["ratelimit-policy"]
    assert '"commands-by-account";r=2;t=20' == accepted.headers["ratelimit"]

    registered = await register(anyone)
    address, account = registered.headers.get_list("ratelimit-policy")
    assert '"register-by-address";q=3;w=60' == address
    assert '"register-by-account";q=10;w=3600' == account
    assert '"register-by-address";r=2;t=20' == registered.headers["ratelimit"]


async def test_a_refusal_tells_that_nothing_is_left(anyone: httpx.AsyncClient) -> None:
    for number in range(3):
        await log_in(anyone, number)
    refused = await log_in(anyone)
    assert '"login-by-address";q=3;w=60' == refused.headers["ratelimit-policy"]
    assert '"login-by-address";r=0;t=20' == refused.headers["ratelimit"]


async def test_a_request_that_is_refused_for_another_reason_is_told_too(
    buyer: httpx.AsyncClient,
) -> None:
    refused = await buyer.post("/v1/orders", json={"items": []})
    assert 400 == refused.status_code
    assert '"commands-by-account";r=2;t=20' == refused.headers["ratelimit"]


class TestWithoutLimits:
    """Everything is off."""

    @pytest.fixture
    def world(self) -> World:
        return World(**NO_LIMITS)

    async def test_everybody_may_do_everything_and_hears_of_no_limit(
        self, running: World, anyone: httpx.AsyncClient, buyer: httpx.AsyncClient
    ) -> None:
        running.show(a_product_view())
        for _ in range(100):
            assert 202 == (await register(anyone)).status_code
            assert 202 == (await log_in(anyone)).status_code
        answers = [await buyer.post("/v1/orders", json=ORDER) for _ in range(700)]
        assert {202} == {answer.status_code for answer in answers}
        assert "ratelimit-policy" not in answers[-1].headers


def test_the_whole_minute_may_be_used_at_once(limit: RateLimit) -> None:
    assert [True, True, True, False, False] == [passes(limit) for _ in range(5)]


@pytest.mark.parametrize("per_minute", [1, 7, 11, 13, 600])
def test_a_limit_that_does_not_divide_a_minute_evenly_lets_all_of_it_through(
    clock: HandSetClock, per_minute: int
) -> None:
    limit = RateLimit("things", per_minute=per_minute, whose="", clock=clock)
    assert [True] * per_minute + [False] == [passes(limit) for _ in range(per_minute + 1)]


def test_it_refills_one_by_one(limit: RateLimit, clock: HandSetClock) -> None:
    for _ in range(3):
        assert passes(limit)
    clock.advance(timedelta(seconds=19, milliseconds=999))
    assert not passes(limit)
    clock.advance(timedelta(milliseconds=1))
    assert [True, False] == [passes(limit), passes(limit)]
    clock.advance(timedelta(seconds=40))
    assert [True, True, False] == [passes(limit) for _ in range(3)]


def test_what_is_left_and_when_all_of_it_is_there_again_is_told(
    limit: RateLimit, clock: HandSetClock
) -> None:
    policy = '"things";q=3;w=60'
    assert [policy, '"things";r=2;t=20'] == told(limit)
    assert [policy, '"things";r=1;t=40'] == told(limit)
    clock.advance(timedelta(seconds=5))
    assert [policy, '"things";r=0;t=55'] == told(limit)


def test_it_never_holds_more_than_a_minutes_worth(limit: RateLimit, clock: HandSetClock) -> None:
    assert passes(limit)
    clock.advance(timedelta(days=1))
    assert [True, True, True, False] == [passes(limit) for _ in range(4)]


def test_whoever_is_refused_does_not_wait_longer_for_asking(
    limit: RateLimit, clock: HandSetClock
) -> None:
    for _ in range(3):
        assert passes(limit)
    for _ in range(100):
        assert not passes(limit)
    clock.advance(timedelta(seconds=20))
    assert passes(limit)


def test_ten_thousand_are_remembered_and_no_more(limit: RateLimit) -> None:
    for _ in range(3):
        assert passes(limit, "first")
    for number in range(9_999):
        assert passes(limit, str(number))
    assert not passes(limit, "first")
    assert passes(limit, "one too many")
    assert passes(limit, "first")
