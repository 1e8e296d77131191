"""A user: an account with a role, which can be closed."""

from datetime import datetime
from typing import Any, Self

import msgspec
from msgspec.structs import replace

from tradex_core.aggregate import Aggregate
from tradex_core.events.user import Role, UserDocument, UserRegistered
from tradex_core.ids import UserId


class UserState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An account at one version, which grows by one with every change.

    `email` is normalised. How it is shown leaves out the password's hash and who the person is.
    """

    user_id: UserId
    email: str
    name: str
    role: Role
    password_hash: str
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"UserState({shown})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            ("user_id", self.user_id),
            ("role", self.role.value),
            ("is_active", self.is_active),
            ("version", self.version),
        ]


class User(Aggregate[UserState]):
    """An account. Its times never run back, even where the clock does."""

    @classmethod
    def register(
        cls,
        *,
        user_id: UserId,
        email: str,
        name: str,
        role: Role,
        password_hash: str,
        at: datetime,
    ) -> Self:
        """Make a new account, active from the start; `email` is normalised."""
        state = UserState(
            user_id=user_id,
            email=email,
            name=name,
            role=role,
            password_hash=password_hash,
            is_active=True,
            version=1,
            created_at=at,
            updated_at=at,
        )
        user = cls(state)
        user.change(state, UserRegistered(user_id=user_id, email=email, role=role, created_at=at))
        return user

    def deactivate(self, at: datetime) -> None:
        """Close the account; where it is closed already, nothing happens."""
        if not self.state.is_active:
            return
        self.change(
            replace(
                self.state,
                is_active=False,
                version=self.state.version + 1,
                updated_at=max(at, self.state.updated_at),
            )
        )

    def document(self) -> UserDocument:
        """Return who the user is, as it is shown to themselves."""
        state = self.state
        return UserDocument(
            user_id=state.user_id,
            email=state.email,
            name=state.name,
            role=state.role,
            is_active=state.is_active,
            created_at=state.created_at,
        )
