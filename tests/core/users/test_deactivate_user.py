from datetime import timedelta

import pytest
from tests.builders.users import (
    ADMIN,
    BUYER,
    NOW,
    SELLER,
    HandSetClock,
    UsersInDict,
    a_deactivate_command,
    a_user,
    a_user_state,
)

from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.users.deactivate_user import deactivate_user
from tradex_core.users.errors import UserNotFound
from tradex_core.users.user import User

LATER = NOW + timedelta(days=1)


def deactivated(users: UsersInDict, actor: Actor | None = ADMIN) -> User:
    return deactivate_user(
        a_deactivate_command(), users=users, actor=actor, clock=HandSetClock(LATER)
    )


def test_an_admin_closes_an_account() -> None:
    user = deactivated(UsersInDict(a_user()))
    assert a_user_state(is_active=False, version=2, updated_at=LATER) == user.state


@pytest.mark.parametrize("actor", [BUYER, SELLER, None])
def test_nobody_else_does_not_even_its_owner(actor: Actor | None) -> None:
    user = a_user()
    with pytest.raises(Forbidden):
        deactivated(UsersInDict(user), actor)
    assert a_user_state() == user.state


def test_an_unknown_user_is_not_found() -> None:
    with pytest.raises(UserNotFound):
        deactivated(UsersInDict())


def test_who_may_not_close_accounts_does_not_learn_which_exist() -> None:
    with pytest.raises(Forbidden):
        deactivated(UsersInDict(), BUYER)


def test_closing_a_closed_account_changes_nothing() -> None:
    user = a_user(is_active=False)
    before = user.state
    assert user is deactivated(UsersInDict(user))
    assert before is user.state
