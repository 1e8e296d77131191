"""Log in."""

from tradex_core.clock import Clock
from tradex_core.errors import StoreConflict
from tradex_core.events.user import LoginUser, normalised_email
from tradex_core.ids import SessionId
from tradex_core.users.errors import InvalidCredentials, SessionIdTaken
from tradex_core.users.ports import Sessions, Users
from tradex_core.users.prepare_password import PasswordVerdict
from tradex_core.users.session import Session
from tradex_core.users.user import User


def log_in(
    command: LoginUser,
    *,
    verdict: PasswordVerdict,
    users: Users,
    sessions: Sessions,
    clock: Clock,
) -> User:
    """Say who signs in, and open the session that the command names.

    Raises InvalidCredentials alike for an unknown address, a wrong password and a closed account,
    SessionIdTaken, and StoreConflict where the account was made, or its password changed, after
    the verdict: then the password has to be checked against what is there now.
    """
    user = users.by_email(normalised_email(command.email))
    if user is None:
        raise InvalidCredentials
    if verdict.password_hash != user.state.password_hash:
        msg = "the password was checked against what is not the user's hash any more"
        raise StoreConflict(msg)
    if not verdict.matches or not user.state.is_active:
        raise InvalidCredentials
    if command.session_id is not None and command.token_hash is not None:
        _open(SessionId(command.session_id), command.token_hash, user, sessions, clock)
    return user


def _open(
    session_id: SessionId, token_hash: str, user: User, sessions: Sessions, clock: Clock
) -> None:
    if sessions.find(session_id) is not None:
        raise SessionIdTaken.of(session_id)
    sessions.add(
        Session.start(
            session_id=session_id,
            user_id=user.state.user_id,
            token_hash=token_hash,
            at=clock.now(),
        )
    )
