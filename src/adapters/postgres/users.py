"""Users and sessions on PostgreSQL."""

from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PoolSettings, PostgresDatabase
from adapters.postgres.keys import uuids
from adapters.postgres.rows import copy_rows, update_rows
from adapters.postgres.schema import AUTH
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from tradex_core.clock import Clock
from tradex_core.events.user import Role
from tradex_core.ids import SessionId, UserId
from tradex_core.messaging.workspace import Change
from tradex_core.users.collections import USER_COLLECTIONS, LoadedSessions, LoadedUsers
from tradex_core.users.ports import SESSIONS, USERS, USERS_BY_EMAIL
from tradex_core.users.session import SessionState
from tradex_core.users.user import UserState

_USERS: Final = AUTH.tables["users"].c
_SESSIONS: Final = AUTH.tables["sessions"].c
_USER: Final = sa.select(
    _USERS.id,
    _USERS.email,
    _USERS.name,
    _USERS.role,
    _USERS.password,
    _USERS.isActive,
    _USERS.version,
    _USERS.createdAt,
    _USERS.updatedAt,
)
_SESSION: Final = sa.select(
    _SESSIONS.id,
    _SESSIONS.userId,
    _SESSIONS.currentHash,
    _SESSIONS.previousHash,
    _SESSIONS.rotatedAt,
    _SESSIONS.expiresAt,
    _SESSIONS.endedAt,
    _SESSIONS.version,
)
_USER_COLUMNS: Final = {
    "id": "uuid",
    "email": "varchar",
    "name": "varchar",
    "role": "varchar",
    "password": "varchar",
    "isActive": "bool",
    "version": "int4",
    "createdAt": "timestamptz",
    "updatedAt": "timestamptz",
}
_SESSION_COLUMNS: Final = {
    "id": "text",
    "userId": "uuid",
    "currentHash": "text",
    "previousHash": "text",
    "rotatedAt": "timestamptz",
    "expiresAt": "timestamptz",
    "endedAt": "timestamptz",
    "version": "int4",
}


class UsersTable:
    """Users, by their id and by their e-mail address."""

    async def load(
        self, connection: AsyncConnection, collection: str, keys: Sequence[str]
    ) -> Iterable[tuple[str, UserState]]:
        """Return those that are there, by the key that was asked for."""
        if collection == USERS_BY_EMAIL:
            rows = await connection.execute(_USER.where(_USERS.email.in_(keys)))
            return [(user.email, user) for user in map(_user, rows)]
        rows = await connection.execute(_USER.where(_USERS.id.in_(uuids(keys))))
        return [(user.user_id, user) for user in map(_user, rows)]

    async def write(self, connection: AsyncConnection, changes: Sequence[Change]) -> None:
        """Insert what was added and update what was changed."""
        added = [_user_row(c.aggregate.state) for c in changes if c.former is None]
        changed = [_user_row(c.aggregate.state) for c in changes if c.former is not None]
        await copy_rows(connection, "users", _USER_COLUMNS, added)
        await update_rows(connection, "users", "id", _USER_COLUMNS, changed)


class SessionsTable:
    """Sessions, by their id."""

    async def load(
        self, connection: AsyncConnection, collection: str, keys: Sequence[str]
    ) -> Iterable[tuple[str, SessionState]]:
        """Return those that are there."""
        rows = await connection.execute(_SESSION.where(_SESSIONS.id.in_(keys)))
        return [(session.session_id, session) for session in map(_session, rows)]

    async def write(self, connection: AsyncConnection, changes: Sequence[Change]) -> None:
        """Insert what was added and update what was changed."""
        added = [_session_row(c.aggregate.state) for c in changes if c.former is None]
        changed = [_session_row(c.aggregate.state) for c in changes if c.former is not None]
        await copy_rows(connection, "sessions", _SESSION_COLUMNS, added)
        await update_rows(connection, "sessions", "id", _SESSION_COLUMNS, changed)


class UsersUnitOfWork(PostgresUnitOfWork):
    """The auth service's unit of work."""

    def __init__(self, database: PostgresDatabase) -> None:
        super().__init__(database)
        self.users = LoadedUsers(self, USERS)
        self.sessions = LoadedSessions(self, SESSIONS)


def users_database(
    url: str,
    clock: Clock,
    pool: PoolSettings = PoolSettings(),  # noqa: B008 - it cannot be changed
) -> PostgresDatabase:
    """Return the auth service's database; nothing connects yet."""
    return PostgresDatabase(
        url,
        clock=clock,
        collections=USER_COLLECTIONS,
        tables={USERS: UsersTable(), SESSIONS: SessionsTable()},
        pool=pool,
        application="tradex auth",
    )


class PostgresUserDirectory:
    """Looks users up as they were last committed; every method raises Outage."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def find_by_email(self, email: str) -> UserState | None:
        """Return the user with a normalised e-mail address; None where there is none."""
        return await self._find(_USER.where(_USERS.email == email))

    async def find_by_session(self, session_id: SessionId) -> UserState | None:
        """Return the user whose session it is; None where there is no such session."""
        joined = _USER.join(AUTH.tables["sessions"], _SESSIONS.userId == _USERS.id)
        return await self._find(joined.where(_SESSIONS.id == session_id))

    async def _find(self, query: sa.Select[Any]) -> UserState | None:
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else _user(row)


def _user(row: Sequence[Any]) -> UserState:
    user_id, email, name, role, password, is_active, version, created_at, updated_at = row
    return UserState(
        user_id=UserId(str(user_id)),
        email=email,
        name=name,
        role=Role(role),
        password_hash=password,
        is_active=is_active,
        version=version,
        created_at=created_at,
        updated_at=updated_at,
    )


def _user_row(user: UserState) -> tuple[object, ...]:
    return (
        UUID(user.user_id),
        user.email,
        user.name,
        user.role.value,
        user.password_hash,
        user.is_active,
        user.version,
        user.created_at,
        user.updated_at,
    )


def _session(row: Sequence[Any]) -> SessionState:
    session_id, user_id, current, previous, rotated_at, expires_at, ended_at, version = row
    return SessionState(
        session_id=SessionId(session_id),
        user_id=UserId(str(user_id)),
        current_hash=current,
        previous_hash=previous,
        rotated_at=rotated_at,
        expires_at=expires_at,
        ended_at=ended_at,
        version=version,
    )


def _session_row(session: SessionState) -> tuple[object, ...]:
    return (
        session.session_id,
        UUID(session.user_id),
        session.current_hash,
        session.previous_hash,
        session.rotated_at,
        session.expires_at,
        session.ended_at,
        session.version,
    )
