"""Refresh a session."""

from datetime import datetime

from tradex_core.clock import Clock
from tradex_core.errors import Refused
from tradex_core.events.user import RefreshSession
from tradex_core.ids import SessionId
from tradex_core.users.errors import SessionEnded
from tradex_core.users.ports import Sessions
from tradex_core.users.user import User, UserState


def refresh_session(
    command: RefreshSession,
    *,
    sent_at: datetime,
    user: UserState | None,
    sessions: Sessions,
    clock: Clock,
) -> User | Refused:
    """Replace a session's refresh token and say whose session it is.

    `user` is who the directory knows as the session's. Raises SessionEnded, having changed nothing,
    where the session has ended, has run out or is not known, or the account is closed. A token that
    was used up ends the session: then SessionEnded is returned, as Refused, to keep that change;
    unless it was sent before its latest token was, when it raises InvalidToken.
    """
    session = sessions.find(SessionId(command.session_id))
    if session is None or user is None or not user.is_active:
        raise SessionEnded
    if not session.rotate(
        command.token_hash, command.next_token_hash, sent_at=sent_at, at=clock.now()
    ):
        return Refused(SessionEnded())
    return User(user)
