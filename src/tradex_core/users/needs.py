"""What has to be loaded for the commands about users and sessions."""

from tradex_core.events.user import (
    DeactivateUser,
    EndSession,
    LoginUser,
    RefreshSession,
    RegisterUser,
)
from tradex_core.users.ports import SESSIONS, USERS, USERS_BY_EMAIL


def needs_of_registration(command: RegisterUser) -> list[tuple[str, str]]:
    """Return who has the e-mail address already, and who the id that the command names."""
    named = [(USERS, command.user_id)] if command.user_id else []
    return [(USERS_BY_EMAIL, command.key), *named]


def needs_of_login(command: LoginUser) -> list[tuple[str, str]]:
    """Return the user, and whatever session has the id of the one to open."""
    named = [(SESSIONS, command.session_id)] if command.session_id else []
    return [(USERS_BY_EMAIL, command.key), *named]


def needs_of_session(command: RefreshSession | EndSession) -> list[tuple[str, str]]:
    """Return the session."""
    return [(SESSIONS, command.session_id)]


def needs_of_deactivation(command: DeactivateUser) -> list[tuple[str, str]]:
    """Return the user."""
    return [(USERS, command.user_id)]
