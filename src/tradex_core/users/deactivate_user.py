"""Deactivate a user."""

from tradex_core.clock import Clock
from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.user import DeactivateUser
from tradex_core.ids import UserId
from tradex_core.users.ports import Users
from tradex_core.users.user import User


def deactivate_user(
    command: DeactivateUser, *, users: Users, actor: Actor | None, clock: Clock
) -> User:
    """Close an account: nobody can log in to it, and its sessions can be refreshed no more.

    Access tokens already issued work until the gateway sees it. For admins; raises Forbidden and
    UserNotFound. Closing a closed account changes nothing.
    """
    if actor is None or not actor.is_admin:
        msg = "only admins close accounts"
        raise Forbidden(msg)
    user = users.get(UserId(command.user_id))
    user.deactivate(clock.now())
    return user
