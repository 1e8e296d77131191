import pytest
from tests.builders.users import (
    EMAIL,
    MESSAGE_ID,
    NOW,
    PASSWORD_HASH,
    USER_ID,
    HandSetClock,
    UsersInDict,
    a_prepared_password,
    a_register_command,
    a_user,
    a_user_state,
)

from tradex_core.errors import InvalidInput, Kind
from tradex_core.events.user import RegisterUser, Role, UserRegistered
from tradex_core.ids import MessageId, UserId, uuid7_time
from tradex_core.users.errors import EmailTaken, RoleNotAllowed, UserIdTaken
from tradex_core.users.register_user import register_user
from tradex_core.users.user import User

OTHER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000b2")


def registered(
    command: RegisterUser, users: UsersInDict, *, message_id: MessageId = MESSAGE_ID
) -> User:
    return register_user(
        command,
        message_id=message_id,
        prepared=a_prepared_password(),
        users=users,
        clock=HandSetClock(),
    )


def test_a_user_is_registered_as_the_command_says() -> None:
    users = UsersInDict()
    user = registered(a_register_command(user_id=USER_ID), users)
    assert a_user_state() == user.state
    assert {USER_ID: user} == users.by_id


def test_registering_tells_others_who_and_when_but_no_secret() -> None:
    user = registered(a_register_command(user_id=USER_ID, role=Role.SELLER), UsersInDict())
    expected = UserRegistered(user_id=USER_ID, email=EMAIL, role=Role.SELLER, created_at=NOW)
    assert [expected] == user.take_events()
    assert PASSWORD_HASH not in repr(expected)


def test_without_an_id_of_its_own_the_user_gets_one_from_the_message() -> None:
    user_id = registered(a_register_command(), UsersInDict()).state.user_id
    again = registered(a_register_command(), UsersInDict()).state.user_id
    other = registered(a_register_command(), UsersInDict(), message_id=MessageId("another"))
    assert user_id == again
    assert other.state.user_id != user_id
    assert NOW == uuid7_time(user_id)


def test_an_email_is_kept_in_its_one_spelling() -> None:
    user = registered(a_register_command(email="  Ana@Example.COM "), UsersInDict())
    assert user.state.email == EMAIL


def test_a_taken_email_is_refused_however_it_is_spelt() -> None:
    users = UsersInDict(a_user())
    with pytest.raises(EmailTaken) as refused:
        registered(a_register_command(email="ANA@example.com", user_id=OTHER_ID), users)
    assert (Kind.CONFLICT, "email_taken") == (refused.value.kind, refused.value.slug)
    assert [USER_ID] == list(users.by_id)


def test_a_taken_id_is_refused() -> None:
    users = UsersInDict(a_user(email="ben@example.com"))
    with pytest.raises(UserIdTaken):
        registered(a_register_command(user_id=USER_ID), users)
    assert users.get(USER_ID).state.email == "ben@example.com"


def test_nobody_registers_as_an_admin() -> None:
    users = UsersInDict()
    with pytest.raises(RoleNotAllowed) as refused:
        registered(a_register_command(role=Role.ADMIN), users)
    assert (Kind.FORBIDDEN, "role_not_allowed") == (refused.value.kind, refused.value.slug)
    assert {} == users.by_id


def test_an_email_that_grows_too_long_in_lower_case_is_refused() -> None:
    email = "İ" * 200 + "@example.com"
    with pytest.raises(InvalidInput):
        registered(a_register_command(email=email), UsersInDict())
