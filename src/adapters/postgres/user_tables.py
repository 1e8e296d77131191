"""How users and sessions lie in tables."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.postgres import binary
from adapters.postgres.keys import ONE_OF_IDS, ONE_OF_KEYS, json_array, uuid_array
from adapters.postgres.rows import ChangedRows, Insert, NewRows, Row, Statement
from tradex_core.clock import Clock
from tradex_core.events.user import Role
from tradex_core.ids import SessionId, UserId
from tradex_core.messaging.workspace import Change
from tradex_core.users.ports import USERS_BY_EMAIL
from tradex_core.users.session import SessionState
from tradex_core.users.user import UserState

_NEW_USERS: Final = NewRows(
    "users",
    "id",
    "email",
    "name",
    "role",
    "password",
    "isActive",
    "version",
    "createdAt",
    "updatedAt",
)
_CHANGED_USERS: Final = ChangedRows(
    "users",
    {
        "id": "uuid",
        "name": "text",
        "role": "text",
        "password": "text",
        "isActive": "bool",
        "version": "int4",
        "updatedAt": "timestamptz",
    },
)
_NEW_SESSIONS: Final = NewRows(
    "sessions",
    "id",
    "userId",
    "currentHash",
    "previousHash",
    "rotatedAt",
    "expiresAt",
    "endedAt",
    "version",
)
_CHANGED_SESSIONS: Final = ChangedRows(
    "sessions",
    {
        "id": "text",
        "currentHash": "text",
        "previousHash": "text",
        "rotatedAt": "timestamptz",
        "endedAt": "timestamptz",
        "version": "int4",
    },
)

USERS_WHERE: Final = """
SELECT users.id::text, email, name, role, password, "isActive", users.version, "createdAt",
       "updatedAt"
FROM users """
"""Begins a question for users, whose rows `user_of` reads."""
_BY_ID: Final = f"{USERS_WHERE} WHERE id {ONE_OF_IDS}"
_BY_EMAIL: Final = f"{USERS_WHERE} WHERE email {ONE_OF_KEYS}"
_SESSIONS: Final = f"""
SELECT id, "userId"::text, "currentHash", "previousHash", "rotatedAt", "expiresAt", "endedAt",
       version
FROM sessions WHERE id {ONE_OF_KEYS}
"""  # noqa: S608 - made of constants


_FORGET: Final = """
DELETE FROM sessions WHERE id IN (
    SELECT id FROM sessions WHERE "expiresAt" < %(before)s
    ORDER BY "expiresAt" LIMIT 1000 FOR UPDATE SKIP LOCKED
)
"""
_LOOK_EVERY: Final = timedelta(minutes=1)


class UsersTable:
    """Users, by their id and by their e-mail address, which never changes."""

    def question(self, collection: str, keys: Sequence[str]) -> Statement:
        """Return what asks for these, by their id or their e-mail address."""
        if collection == USERS_BY_EMAIL:
            return Statement(_BY_EMAIL, {"keys": json_array(keys)})
        return Statement(_BY_ID, {"ids": uuid_array(keys)})

    def states(
        self, collection: str, rows: Iterable[tuple[Any, ...]]
    ) -> Iterable[tuple[str, UserState]]:
        """Return those that are there, by the key that was asked for."""
        users = map(user_of, rows)
        if collection == USERS_BY_EMAIL:
            return [(user.email, user) for user in users]
        return [(user.user_id, user) for user in users]

    def writes(self, changes: Sequence[Change]) -> Iterable[Insert | Statement]:
        """Return what inserts those that were added and updates those that were changed."""
        added = [change.aggregate.state for change in changes if change.former is None]
        changed = [change.aggregate.state for change in changes if change.former is not None]
        return (
            _NEW_USERS.of(map(_user_row, added)),
            _CHANGED_USERS.of([_changed_user(user) for user in changed]),
        )


class SessionsTable:
    """Sessions, by their id; whose one is, and when it ends by itself, never changes.

    Those that ran out, which are as good as none, go as others come.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next_look = datetime.min.replace(tzinfo=UTC)

    def question(self, collection: str, keys: Sequence[str]) -> Statement:
        """Return what asks for these."""
        return Statement(_SESSIONS, {"keys": json_array(keys)})

    def states(
        self, collection: str, rows: Iterable[tuple[Any, ...]]
    ) -> Iterable[tuple[str, SessionState]]:
        """Return those that are there."""
        return [(session.session_id, session) for session in map(_session, rows)]

    def writes(self, changes: Sequence[Change]) -> Iterator[Insert | Statement]:
        """Yield what inserts those that were added and updates those that were changed."""
        added = [change.aggregate.state for change in changes if change.former is None]
        changed = [change.aggregate.state for change in changes if change.former is not None]
        yield _NEW_SESSIONS.of(map(_session_row, added))
        yield _CHANGED_SESSIONS.of([_changed_session(session) for session in changed])
        now = self._clock.now()
        if now >= self._next_look:
            self._next_look = now + _LOOK_EVERY
            yield Statement(_FORGET, {"before": now})


def user_of(row: Sequence[Any]) -> UserState:
    """Read a user."""
    user_id, email, name, role, password, is_active, version, created_at, updated_at = row
    return UserState(
        user_id=UserId(user_id),
        email=email,
        name=name,
        role=Role(role),
        password_hash=password,
        is_active=is_active,
        version=version,
        created_at=created_at,
        updated_at=updated_at,
    )


def _user_row(user: UserState) -> Row:
    return (
        binary.uuid(user.user_id),
        user.email.encode(),
        user.name.encode(),
        user.role.encode(),
        user.password_hash.encode(),
        binary.boolean(user.is_active),
        binary.int4(user.version),
        binary.timestamptz(user.created_at),
        binary.timestamptz(user.updated_at),
    )


def _changed_user(user: UserState) -> dict[str, object]:
    return {
        "id": user.user_id,
        "name": user.name,
        "role": user.role,
        "password": user.password_hash,
        "isActive": user.is_active,
        "version": user.version,
        "updatedAt": user.updated_at,
    }


def _session(row: Sequence[Any]) -> SessionState:
    session_id, user_id, current, previous, rotated_at, expires_at, ended_at, version = row
    return SessionState(
        session_id=SessionId(session_id),
        user_id=UserId(user_id),
        current_hash=current,
        previous_hash=previous,
        rotated_at=rotated_at,
        expires_at=expires_at,
        ended_at=ended_at,
        version=version,
    )


def _session_row(session: SessionState) -> Row:
    previous, ended_at = session.previous_hash, session.ended_at
    return (
        session.session_id.encode(),
        binary.uuid(session.user_id),
        session.current_hash.encode(),
        None if previous is None else previous.encode(),
        binary.timestamptz(session.rotated_at),
        binary.timestamptz(session.expires_at),
        None if ended_at is None else binary.timestamptz(ended_at),
        binary.int4(session.version),
    )


def _changed_session(session: SessionState) -> dict[str, object]:
    return {
        "id": session.session_id,
        "currentHash": session.current_hash,
        "previousHash": session.previous_hash,
        "rotatedAt": session.rotated_at,
        "endedAt": session.ended_at,
        "version": session.version,
    }
