"""A user as the gateway shows them, from their registration and from auth's replies."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.reply import CommandReplied
from tradex_core.events.user import (
    DeactivateUser,
    LoginUser,
    RegisterUser,
    Role,
    UserDocument,
    UserRegistered,
)

_COMMANDS_OF_USERS: Final = frozenset(
    command.command for command in (RegisterUser, LoginUser, DeactivateUser)
)


class UserView(Struct, frozen=True, kw_only=True, gc=False):
    """Who a user is; the name is empty until a reply has told it."""

    user_id: str
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: datetime

    def document(self) -> UserDocument:
        """Return the user as they are shown themselves."""
        return UserDocument(
            user_id=self.user_id,
            email=self.email,
            name=self.name,
            role=self.role,
            is_active=self.is_active,
            created_at=self.created_at,
        )


def user_in(reply: CommandReplied) -> UserDocument | None:
    """Return the user whom auth's reply tells of; None where it is no such reply."""
    if reply.command not in _COMMANDS_OF_USERS:
        return None
    try:
        return codec.decode(bytes(reply.result), UserDocument)
    except Undecodable:
        return None


def apply_registered(view: UserView | None, event: UserRegistered) -> UserView:
    """Make the view of a user; returns the very same one where a reply has made it before."""
    if view is not None:
        return view
    return UserView(
        user_id=event.user_id,
        email=event.email,
        name="",
        role=event.role,
        is_active=True,
        created_at=event.created_at,
    )


def apply_user(view: UserView | None, user: UserDocument) -> UserView:
    """Take a user as a reply tells of them; one who was deactivated once stays so.

    Replies come in any order, and nothing makes an account active again. Returns the very same
    view where the reply tells nothing new.
    """
    known = view or UserView(
        user_id=user.user_id,
        email=user.email,
        name=user.name,
        role=user.role,
        is_active=user.is_active,
        created_at=user.created_at,
    )
    told = replace(known, name=user.name, is_active=known.is_active and user.is_active)
    return known if told == known else told
