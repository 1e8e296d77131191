from datetime import timedelta

import pytest
from tests.builders.users import (
    FOREIGN_TOKEN,
    LATER_TOKEN,
    NEXT_TOKEN,
    NOW,
    TOKEN,
    USER_ID,
    HandSetClock,
    SessionsInDict,
    a_refresh_command,
    a_session,
    a_user_state,
    an_end_command,
)

from tradex_core.errors import Kind
from tradex_core.events.user import EndSession
from tradex_core.users.errors import InvalidToken, SessionEnded
from tradex_core.users.log_out import log_out
from tradex_core.users.refresh_session import refresh_session
from tradex_core.users.session import LIFETIME, Session


def logged_out(command: EndSession, *sessions: Session, after: timedelta = timedelta()) -> None:
    log_out(command, sessions=SessionsInDict(*sessions), clock=HandSetClock(NOW + after))


def a_rotated_session() -> Session:
    return a_session(current_hash=NEXT_TOKEN, previous_hash=TOKEN)


@pytest.mark.parametrize("token", [NEXT_TOKEN, TOKEN])
def test_the_latest_token_and_the_one_before_end_the_session(token: str) -> None:
    session = a_rotated_session()
    logged_out(an_end_command(token), session)
    assert (NOW, 2) == (session.state.ended_at, session.state.version)


def test_an_ended_session_cannot_be_refreshed() -> None:
    session = a_session()
    logged_out(an_end_command(TOKEN), session)
    with pytest.raises(SessionEnded):
        refresh_session(
            a_refresh_command(),
            sent_at=NOW,
            user=a_user_state(user_id=USER_ID),
            sessions=SessionsInDict(session),
            clock=HandSetClock(),
        )


@pytest.mark.parametrize("token", [FOREIGN_TOKEN, LATER_TOKEN])
def test_any_other_token_is_refused_and_the_session_stays_open(token: str) -> None:
    session = a_rotated_session()
    before = session.state
    with pytest.raises(InvalidToken) as refused:
        logged_out(an_end_command(token), session)
    assert (Kind.UNAUTHENTICATED, "invalid_token") == (refused.value.kind, refused.value.slug)
    assert before is session.state


def test_logging_out_twice_is_no_error_and_keeps_the_first_time() -> None:
    session = a_session()
    logged_out(an_end_command(), session)
    before = session.state
    logged_out(an_end_command(), session, after=timedelta(hours=1))
    assert before is session.state


def test_a_session_that_ran_out_stays_as_it_is() -> None:
    session = a_session()
    before = session.state
    logged_out(an_end_command(FOREIGN_TOKEN), session, after=LIFETIME)
    assert before is session.state


def test_an_unknown_session_is_no_error() -> None:
    logged_out(an_end_command())
