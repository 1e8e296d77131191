import pytest
from tests.builders.users import (
    NOW,
    SESSION_ID,
    TOKEN,
    USER_ID,
    HandSetClock,
    SessionsInDict,
    UsersInDict,
    a_login_command,
    a_session,
    a_user,
    a_verdict,
)

from tradex_core.errors import Kind, Refusal, StoreConflict
from tradex_core.events.user import LoginUser
from tradex_core.users.errors import InvalidCredentials, SessionIdTaken
from tradex_core.users.log_in import log_in
from tradex_core.users.prepare_password import PasswordVerdict
from tradex_core.users.session import LIFETIME
from tradex_core.users.user import User


def logged_in(
    command: LoginUser,
    users: UsersInDict,
    *,
    verdict: PasswordVerdict | None = None,
    sessions: SessionsInDict | None = None,
) -> User:
    return log_in(
        command,
        verdict=verdict or a_verdict(),
        users=users,
        sessions=sessions or SessionsInDict(),
        clock=HandSetClock(),
    )


def a_login_command_with_session() -> LoginUser:
    return a_login_command(session_id=SESSION_ID, token_hash=TOKEN)


def refusal_of(users: UsersInDict, verdict: PasswordVerdict) -> Refusal:
    sessions = SessionsInDict()
    with pytest.raises(InvalidCredentials) as refused:
        logged_in(a_login_command_with_session(), users, verdict=verdict, sessions=sessions)
    assert {} == sessions.by_id
    return refused.value


def test_the_right_password_says_who_signs_in() -> None:
    user = a_user()
    assert user is logged_in(a_login_command(), UsersInDict(user))
    assert [] == user.take_events()


def test_the_email_may_be_spelt_in_any_case() -> None:
    user = a_user()
    assert user is logged_in(a_login_command(email=" ANA@Example.com"), UsersInDict(user))


def test_the_session_that_the_command_names_is_opened() -> None:
    sessions = SessionsInDict()
    logged_in(a_login_command_with_session(), UsersInDict(a_user()), sessions=sessions)
    state = sessions.by_id[SESSION_ID].state
    assert (USER_ID, TOKEN, None) == (state.user_id, state.current_hash, state.previous_hash)
    assert NOW + LIFETIME == state.expires_at


def test_without_a_token_no_session_is_opened() -> None:
    sessions = SessionsInDict()
    logged_in(a_login_command(session_id=SESSION_ID), UsersInDict(a_user()), sessions=sessions)
    logged_in(a_login_command(token_hash=TOKEN), UsersInDict(a_user()), sessions=sessions)
    assert {} == sessions.by_id


def test_a_wrong_password_is_refused() -> None:
    refusal = refusal_of(UsersInDict(a_user()), a_verdict(matches=False))
    assert (Kind.UNAUTHENTICATED, "invalid_credentials") == (refusal.kind, refusal.slug)


def test_the_refusal_does_not_tell_unknown_wrong_and_closed_apart() -> None:
    unknown = refusal_of(
        UsersInDict(), a_verdict(user_id=None, password_hash="decoy", matches=False)
    )
    wrong = refusal_of(UsersInDict(a_user()), a_verdict(matches=False))
    closed = refusal_of(UsersInDict(a_user(is_active=False)), a_verdict())
    assert (unknown.slug, unknown.detail) == (wrong.slug, wrong.detail)
    assert (unknown.slug, unknown.detail) == (closed.slug, closed.detail)


@pytest.mark.parametrize("matches", [True, False])
def test_a_password_checked_against_a_former_hash_has_to_be_checked_again(matches: bool) -> None:
    user = a_user(password_hash="hash of the new password")
    with pytest.raises(StoreConflict):
        logged_in(a_login_command(), UsersInDict(user), verdict=a_verdict(matches=matches))


def test_an_account_made_after_the_check_has_its_password_checked_again() -> None:
    verdict = a_verdict(user_id=None, password_hash="decoy", matches=False)
    with pytest.raises(StoreConflict):
        logged_in(a_login_command(), UsersInDict(a_user()), verdict=verdict)


def test_a_taken_session_id_is_refused_and_the_session_left_alone() -> None:
    theirs = a_session(user_id="somebody else")
    before = theirs.state
    with pytest.raises(SessionIdTaken):
        logged_in(
            a_login_command_with_session(),
            UsersInDict(a_user()),
            sessions=SessionsInDict(theirs),
        )
    assert before is theirs.state
