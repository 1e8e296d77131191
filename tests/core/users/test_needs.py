from tests.builders.users import (
    EMAIL,
    SESSION_ID,
    TOKEN,
    USER_ID,
    a_deactivate_command,
    a_login_command,
    a_refresh_command,
    a_register_command,
    an_end_command,
)

from tradex_core.users.needs import (
    needs_of_deactivation,
    needs_of_login,
    needs_of_registration,
    needs_of_session,
)


def test_registering_needs_whoever_has_the_email_or_the_id() -> None:
    command = a_register_command(email="ANA@example.com")
    assert [("users_by_email", EMAIL)] == needs_of_registration(command)
    command = a_register_command(user_id=USER_ID)
    assert [("users_by_email", EMAIL), ("users", USER_ID)] == needs_of_registration(command)


def test_logging_in_needs_the_user_and_whatever_has_the_sessions_id() -> None:
    assert [("users_by_email", EMAIL)] == needs_of_login(a_login_command(email="ANA@example.com"))
    command = a_login_command(session_id=SESSION_ID, token_hash=TOKEN)
    assert [("users_by_email", EMAIL), ("sessions", SESSION_ID)] == needs_of_login(command)


def test_refreshing_and_logging_out_need_the_session() -> None:
    assert [("sessions", SESSION_ID)] == needs_of_session(a_refresh_command())
    assert [("sessions", SESSION_ID)] == needs_of_session(an_end_command())


def test_deactivating_needs_the_user() -> None:
    assert [("users", USER_ID)] == needs_of_deactivation(a_deactivate_command())
