"""Log out."""

from tradex_core.clock import Clock
from tradex_core.events.user import EndSession
from tradex_core.ids import SessionId
from tradex_core.users.ports import Sessions


def log_out(command: EndSession, *, sessions: Sessions, clock: Clock) -> None:
    """End a session for who holds its latest token or the one before.

    What is over already stays so: an unknown or ended session is no error. Raises InvalidToken for
    any other token of a session that is open.
    """
    session = sessions.find(SessionId(command.session_id))
    if session is not None:
        session.end(command.token_hash, at=clock.now())
