"""An access token outlives its account by two seconds, however long it was made for."""

import httpx
import pytest
from msgspec.structs import replace
from tests.apps.gateway.world import BUYER, World
from tests.builders.users import HandSetClock
from tests.builders.views import a_user_view

from adapters.memory.views import MemoryViews
from apps.gateway.open_accounts import LOOKED_UP_EVERY, OpenAccounts
from tradex_core.errors import Outage
from tradex_core.users.errors import InvalidToken
from tradex_core.views.ports import USER_VIEWS
from tradex_core.views.user_view import UserView


class CountingViews(MemoryViews):
    """Views that count how often they are asked for a user, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.away = False

    async def user(self, user_id: str) -> UserView | None:
        if self.away:
            msg = "the views are away"
            raise Outage(msg)
        self.asked += 1
        return await super().user(user_id)

    def close(self, user_id: str) -> None:
        """Show a user whose account is closed."""
        self.write(USER_VIEWS, user_id, replace(a_user_view(), user_id=user_id, is_active=False))


@pytest.fixture
def views() -> CountingViews:
    return CountingViews()


@pytest.fixture
def clock() -> HandSetClock:
    return HandSetClock()


@pytest.fixture
def accounts(views: CountingViews, clock: HandSetClock) -> OpenAccounts:
    return OpenAccounts(views, clock=clock)


async def test_a_closed_account_is_refused_though_its_token_is_good(running: World) -> None:
    running.show(replace(a_user_view(), is_active=False))
    async with running.client(BUYER) as client:
        for path in ("/v1/me", "/v1/orders", "/v1/products"):
            answer = await client.get(path)
            assert (401, "invalid_token") == (answer.status_code, answer.json()["type"])
    async with running.client() as anyone:
        assert 200 == (await anyone.get("/v1/products")).status_code


async def test_an_account_that_is_not_shown_yet_is_open(admin: httpx.AsyncClient) -> None:
    assert 200 == (await admin.get("/v1/orders")).status_code


async def test_an_account_that_was_open_is_looked_up_again_after_two_seconds(
    accounts: OpenAccounts, views: CountingViews, clock: HandSetClock
) -> None:
    await accounts.require(BUYER.user_id)
    views.close(BUYER.user_id)
    await accounts.require(BUYER.user_id)
    assert 1 == views.asked
    clock.advance(LOOKED_UP_EVERY)
    with pytest.raises(InvalidToken):
        await accounts.require(BUYER.user_id)


async def test_a_closed_account_is_not_taken_for_open_when_the_views_go_away(
    accounts: OpenAccounts, views: CountingViews
) -> None:
    views.close(BUYER.user_id)
    with pytest.raises(InvalidToken):
        await accounts.require(BUYER.user_id)
    views.away = True
    with pytest.raises(Outage):
        await accounts.require(BUYER.user_id)


async def test_ten_thousand_accounts_are_remembered_and_no_more(
    accounts: OpenAccounts, views: CountingViews
) -> None:
    for number in range(10_001):
        await accounts.require(f"user-{number}")
    await accounts.require("user-1")
    assert 10_001 == views.asked
    await accounts.require("user-0")
    assert 10_002 == views.asked
