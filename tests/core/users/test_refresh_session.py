from datetime import timedelta

import pytest
from tests.builders.users import (
    FOREIGN_TOKEN,
    LATER_TOKEN,
    NEXT_TOKEN,
    NOW,
    TOKEN,
    HandSetClock,
    SessionsInDict,
    a_refresh_command,
    a_session,
    a_user_state,
)

from tradex_core.errors import Kind, Refused
from tradex_core.events.user import RefreshSession
from tradex_core.users.errors import InvalidToken, SessionEnded
from tradex_core.users.refresh_session import refresh_session
from tradex_core.users.session import GRACE, LIFETIME, Session
from tradex_core.users.user import User, UserState

INSTANT = timedelta(microseconds=1)


def refreshed(
    session: Session,
    command: RefreshSession,
    *,
    after: timedelta = timedelta(),
    under_way: timedelta = timedelta(),
    user: UserState | None = None,
) -> User | Refused:
    return refresh_session(
        command,
        sent_at=NOW + after - under_way,
        user=user or a_user_state(),
        sessions=SessionsInDict(session),
        clock=HandSetClock(NOW + after),
    )


def assert_good(outcome: User | Refused) -> None:
    assert isinstance(outcome, User)
    assert a_user_state() == outcome.state


def assert_ended(session: Session, outcome: User | Refused) -> None:
    assert isinstance(outcome, Refused)
    assert isinstance(outcome.refusal, SessionEnded)
    assert session.state.ended_at is not None


def assert_raises_unchanged(
    session: Session,
    command: RefreshSession,
    *,
    after: timedelta = timedelta(),
    user: UserState | None = None,
) -> None:
    before = session.state
    with pytest.raises(SessionEnded):
        refreshed(session, command, after=after, user=user)
    assert before is session.state


def a_rotated_session() -> Session:
    session = a_session()
    assert_good(refreshed(session, a_refresh_command(TOKEN, NEXT_TOKEN)))
    return session


def test_the_current_token_is_replaced_and_its_user_named() -> None:
    session = a_session()
    assert_good(refreshed(session, a_refresh_command(TOKEN, NEXT_TOKEN)))
    assert (NEXT_TOKEN, TOKEN) == (session.state.current_hash, session.state.previous_hash)
    assert session.state.version == 2


def test_every_successor_can_be_replaced_in_turn() -> None:
    session = a_rotated_session()
    assert_good(
        refreshed(session, a_refresh_command(NEXT_TOKEN, LATER_TOKEN), after=timedelta(hours=1))
    )
    assert (LATER_TOKEN, NEXT_TOKEN) == (session.state.current_hash, session.state.previous_hash)


def test_a_request_repeated_within_the_grace_succeeds_and_changes_nothing() -> None:
    session = a_rotated_session()
    before = session.state
    assert_good(refreshed(session, a_refresh_command(TOKEN, NEXT_TOKEN), after=GRACE))
    assert before is session.state


def test_a_token_used_again_after_the_grace_ends_the_family() -> None:
    session = a_rotated_session()
    outcome = refreshed(session, a_refresh_command(TOKEN, NEXT_TOKEN), after=GRACE + INSTANT)
    assert_ended(session, outcome)


def test_the_grace_is_for_the_immediate_predecessor_only() -> None:
    session = a_rotated_session()
    assert_good(refreshed(session, a_refresh_command(NEXT_TOKEN, LATER_TOKEN)))
    assert_ended(session, refreshed(session, a_refresh_command(TOKEN, NEXT_TOKEN)))


def test_a_request_that_comes_late_after_two_replacements_ends_nothing() -> None:
    """It was repeated by its client, who got its answer and went on."""
    session = a_rotated_session()
    assert_good(
        refreshed(session, a_refresh_command(NEXT_TOKEN, LATER_TOKEN), after=timedelta(seconds=2))
    )
    before = session.state
    with pytest.raises(InvalidToken):
        refreshed(
            session,
            a_refresh_command(TOKEN, NEXT_TOKEN),
            after=timedelta(seconds=3),
            under_way=timedelta(seconds=1) + INSTANT,
        )
    assert before is session.state


def test_the_grace_is_for_the_same_successor_only() -> None:
    session = a_rotated_session()
    assert_ended(session, refreshed(session, a_refresh_command(TOKEN, LATER_TOKEN)))


def test_a_token_that_was_never_the_familys_ends_it() -> None:
    session = a_session()
    assert_ended(session, refreshed(session, a_refresh_command(FOREIGN_TOKEN, NEXT_TOKEN)))


def test_after_a_reuse_no_token_of_the_family_works() -> None:
    session = a_rotated_session()
    assert_ended(session, refreshed(session, a_refresh_command(FOREIGN_TOKEN, LATER_TOKEN)))
    for token in (TOKEN, NEXT_TOKEN, FOREIGN_TOKEN):
        assert_raises_unchanged(session, a_refresh_command(token, NEXT_TOKEN))


def test_a_session_works_until_its_thirty_days_are_over() -> None:
    assert timedelta(days=30) == LIFETIME
    command = a_refresh_command()
    assert_good(refreshed(a_session(), command, after=LIFETIME - INSTANT))
    assert_raises_unchanged(a_session(), command, after=LIFETIME)


def test_refreshing_does_not_prolong_a_session() -> None:
    session = a_session()
    assert_good(refreshed(session, a_refresh_command(), after=timedelta(days=29)))
    assert NOW + LIFETIME == session.state.expires_at
    assert_raises_unchanged(session, a_refresh_command(NEXT_TOKEN, LATER_TOKEN), after=LIFETIME)


def test_an_unknown_session_is_refused_like_an_ended_one() -> None:
    with pytest.raises(SessionEnded) as refused:
        refresh_session(
            a_refresh_command(),
            sent_at=NOW,
            user=None,
            sessions=SessionsInDict(),
            clock=HandSetClock(),
        )
    assert (Kind.UNAUTHENTICATED, "session_ended") == (refused.value.kind, refused.value.slug)


def test_a_session_without_a_known_user_is_refused() -> None:
    session = a_session()
    with pytest.raises(SessionEnded):
        refresh_session(
            a_refresh_command(),
            sent_at=NOW,
            user=None,
            sessions=SessionsInDict(session),
            clock=HandSetClock(),
        )
    assert a_session().state == session.state


def test_the_session_of_a_closed_account_is_not_refreshed() -> None:
    assert_raises_unchanged(a_session(), a_refresh_command(), user=a_user_state(is_active=False))


def test_a_clock_that_runs_back_shortens_no_grace() -> None:
    session = a_session(rotated_at=NOW + timedelta(minutes=1))
    assert_good(refreshed(session, a_refresh_command()))
    assert NOW + timedelta(minutes=1) == session.state.rotated_at
