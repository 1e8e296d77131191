import pytest
from tests.builders.users import (
    MESSAGE_ID,
    USER_ID,
    HandSetClock,
    UsersInDict,
    a_prepared_password,
    a_register_command,
    a_user,
    a_user_state,
)

from tradex_core.events.user import RegisterUser, Role, UserRegistered
from tradex_core.users.create_admin import create_admin
from tradex_core.users.errors import EmailTaken
from tradex_core.users.user import User


def created(command: RegisterUser, users: UsersInDict) -> User:
    return create_admin(
        command,
        message_id=MESSAGE_ID,
        prepared=a_prepared_password(),
        users=users,
        clock=HandSetClock(),
    )


@pytest.mark.parametrize("role", list(Role))
def test_an_admin_is_created_whatever_role_the_command_names(role: Role) -> None:
    users = UsersInDict()
    user = created(a_register_command(user_id=USER_ID, role=role), users)
    assert a_user_state(role=Role.ADMIN) == user.state
    assert {USER_ID: user} == users.by_id


def test_creating_an_admin_tells_others_of_it() -> None:
    events = created(a_register_command(), UsersInDict()).take_events()
    assert [Role.ADMIN] == [event.role for event in events if isinstance(event, UserRegistered)]


def test_a_taken_email_is_refused() -> None:
    with pytest.raises(EmailTaken):
        created(a_register_command(), UsersInDict(a_user()))
