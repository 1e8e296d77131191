"""Accounts of the demo: their passwords are made now, and written down nowhere."""

import secrets
from dataclasses import dataclass, field
from typing import Protocol, Self

from apps.demo.client import ApiClient
from tradex_core.events.user import Role, UserDocument

_PASSWORD_BYTES = 15


class AdminMaker(Protocol):
    """Makes admins, which the API never does."""

    async def create_admin(self, *, email: str, name: str, password: str) -> UserDocument:
        """Make an admin's account; raises a Refusal."""
        ...


@dataclass(frozen=True)
class Account:
    """Somebody who can sign in."""

    role: Role
    name: str
    email: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, role: Role, name: str, email: str) -> Self:
        """Give somebody a new password of 120 random bits."""
        return cls(role, name, email, secrets.token_urlsafe(_PASSWORD_BYTES))


async def open_account(account: Account, *, api: ApiClient, platform: AdminMaker) -> None:
    """Make the account: through the API, but an admin's; raises ApiError or a Refusal."""
    if account.role is Role.ADMIN:
        await platform.create_admin(
            email=account.email, name=account.name, password=account.password
        )
        return
    await api.register(
        email=account.email,
        password=account.password,
        name=account.name,
        role=account.role,
        key=f"demo-{account.email}",
    )
