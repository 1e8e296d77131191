"""Furnishes a platform for somebody to try it: the Northwind catalogue and three accounts."""

from typing import Final, Protocol

from apps.demo.accounts import Account, AdminMaker, open_account
from apps.demo.client import ApiClient
from apps.demo.concurrency import each
from apps.demo.northwind import Northwind
from apps.demo.shop import Shop
from tradex_core.events.user import Role

_PEOPLE: Final = {
    Role.BUYER: "Bea Buyer",
    Role.SELLER: "Sam Seller",
    Role.ADMIN: "Ada Admin",
}


class Furnishable(AdminMaker, Protocol):
    """A platform that answers."""

    @property
    def url(self) -> str:
        """Where the API answers."""
        ...


async def furnish(platform: Furnishable) -> tuple[Account, ...]:
    """Make a buyer, a seller with the 77 Northwind products, and an admin; return the accounts.

    Raises ApiError or a Refusal where the platform has them already.
    """
    accounts = tuple(
        Account.of(role, name, f"{role}@demo.example") for role, name in _PEOPLE.items()
    )
    async with ApiClient(platform.url) as api:
        await each(
            accounts,
            lambda account: open_account(account, api=api, platform=platform),
            at_once=len(accounts),
        )
        [seller] = (account for account in accounts if account.role is Role.SELLER)
        tokens = await api.log_in(email=seller.email, password=seller.password)
        await Shop(api, tokens.access_token).open(Northwind.read().products)
    return accounts
