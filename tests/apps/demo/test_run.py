from collections.abc import AsyncIterator
from datetime import date
from io import StringIO

import pytest

from apps.demo.accounts import Account
from apps.demo.client import ApiClient, ApiError
from apps.demo.furnishing import furnish
from apps.demo.northwind import Customer, Line, Northwind, Order, Product
from apps.demo.progress import Lines
from apps.demo.run import run_demo
from apps.demo.shop import FULL
from apps.platform.platform import Platform
from apps.runtime.settings import NO_LIMITS, Settings
from tradex_core.events.user import Role
from tradex_core.money import Money
from tradex_core.users.errors import EmailTaken

TEA = Product("1", "Tea", "20 bags", "Beverages", Money("2.50"), 3)
SALT = Product("2", "Salt", "1 kg", "Condiments", Money("1.00"), 80)
SAMPLE = Northwind(
    products=(TEA, SALT),
    customers=(Customer("ANNA", "Anna & Co", "Anna"), Customer("BERT", "Bert's", "Bert")),
    orders=(
        Order("1", "ANNA", date(2024, 1, 1), (Line("1", 100, Money("2.50")),)),
        Order("2", "BERT", date(2024, 1, 1), (Line("2", 30, Money("1.00")),)),
        Order("3", "ANNA", date(2024, 1, 2), (Line("1", 10, Money("2.80")),)),
        Order("4", "BERT", date(2024, 1, 3), (Line("1", 500, Money("2.80")),)),
        Order("5", "ANNA", date(2024, 2, 1), (Line("1", 120, Money("2.60")),)),
    ),
)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    settings = Settings.embedded(
        http_port=0, argon2="owasp-minimum", log_level="warning", **NO_LIMITS
    )
    async with Platform.build(settings) as platform:
        yield platform


async def test_a_history_is_traded_and_its_books_balance(platform: Platform) -> None:
    progress = StringIO()

    summary = await run_demo(platform, Lines(progress), log=StringIO(), northwind=SAMPLE)

    assert [()] * 6 == [promise.faults for promise in summary.invariants]
    assert summary.all_is_well
    assert (5, 4, 0) == (summary.accepted, summary.confirmed, summary.pending)
    assert {"insufficient_stock": 1, "price_changed": 0} == summary.cancelled
    assert "orders: 5 of 5 2024-02-01" in progress.getvalue()


async def test_prices_move_as_they_did_and_stock_is_raised_by_the_rule(platform: Platform) -> None:
    summary = await run_demo(platform, Lines(StringIO()), log=StringIO(), northwind=SAMPLE)

    raised_at_first, raised_a_month_later = FULL - TEA.stock, FULL - (FULL - 100 - 10)
    assert 2 == summary.price_moves
    assert raised_at_first + raised_a_month_later == summary.units_replenished
    assert 30 + 100 + 10 + 120 == summary.units
    assert Money("620.00") == summary.turnover


async def test_a_secret_in_the_log_is_found(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = StringIO()
    made = Account.of

    def indiscreet(role: Role, name: str, email: str) -> Account:
        account = made(role, name, email)
        log.write(account.password)
        return account

    monkeypatch.setattr(Account, "of", indiscreet)

    summary = await run_demo(platform, Lines(StringIO()), log=log, northwind=SAMPLE)

    assert not summary.all_is_well
    assert [6] == [promise.number for promise in summary.invariants if not promise.held]


async def test_a_market_that_is_not_empty_is_refused(platform: Platform) -> None:
    await run_demo(platform, Lines(StringIO()), log=StringIO(), northwind=SAMPLE)

    with pytest.raises(EmailTaken, match=r"there is an account for operator@northwind\.example"):
        await run_demo(platform, Lines(StringIO()), log=StringIO(), northwind=SAMPLE)


async def test_a_furnished_platform_has_a_catalogue_and_three_accounts(platform: Platform) -> None:
    accounts = await furnish(platform)

    assert [Role.BUYER, Role.SELLER, Role.ADMIN] == [account.role for account in accounts]
    async with ApiClient(platform.url) as api:
        for account in accounts:
            tokens = await api.log_in(email=account.email, password=account.password)
            assert tokens.access_token
            with pytest.raises(ApiError, match="401"):
                await api.log_in(email=account.email, password=account.password[::-1])
        assert 77 == len(await api.products())


async def test_each_furnished_account_has_a_password_of_its_own(platform: Platform) -> None:
    accounts = await furnish(platform)

    assert 3 == len({account.password for account in accounts})
    assert not any(account.password in repr(account) for account in accounts)
