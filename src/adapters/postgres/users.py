"""Users and sessions on PostgreSQL: the service's database, its unit of work, its directory."""

from typing import Final

from adapters.postgres.database import PoolSettings, PostgresDatabase
from adapters.postgres.rows import Statement, ask, driver_of
from adapters.postgres.unit_of_work import PostgresUnitOfWork
from adapters.postgres.user_tables import USERS_WHERE, SessionsTable, UsersTable, user_of
from tradex_core.clock import Clock
from tradex_core.ids import SessionId
from tradex_core.users.collections import USER_COLLECTIONS, LoadedSessions, LoadedUsers
from tradex_core.users.ports import SESSIONS, USERS
from tradex_core.users.user import UserState

_BY_EMAIL: Final = f"{USERS_WHERE} WHERE email = %(email)s"
_BY_SESSION: Final = f"""
{USERS_WHERE} JOIN sessions ON "userId" = users.id WHERE sessions.id = %(session_id)s
"""


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
        tables={USERS: UsersTable(), SESSIONS: SessionsTable(clock)},
        pool=pool,
        application="tradex auth",
    )


class PostgresUserDirectory:
    """Looks users up as they were last committed; every method raises Outage."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def find_by_email(self, email: str) -> UserState | None:
        """Return the user with a normalised e-mail address; None where there is none."""
        return await self._find(Statement(_BY_EMAIL, {"email": email}))

    async def find_by_session(self, session_id: SessionId) -> UserState | None:
        """Return the user whose session it is; None where there is no such session."""
        return await self._find(Statement(_BY_SESSION, {"session_id": session_id}))

    async def _find(self, question: Statement) -> UserState | None:
        async with self._database.transaction() as connection:
            [rows] = await ask(await driver_of(connection), question)
        return user_of(rows[0]) if rows else None
