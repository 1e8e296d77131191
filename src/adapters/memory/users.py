"""Users and sessions in memory."""

from adapters.memory.database import MemoryDatabase
from adapters.memory.unit_of_work import MemoryUnitOfWork
from tradex_core.clock import Clock
from tradex_core.ids import SessionId
from tradex_core.users.collections import USER_COLLECTIONS, LoadedSessions, LoadedUsers
from tradex_core.users.ports import SESSIONS, USERS, USERS_BY_EMAIL
from tradex_core.users.session import SessionState
from tradex_core.users.user import UserState


def users_database(clock: Clock) -> MemoryDatabase:
    """Make the auth service's database, empty."""
    return MemoryDatabase(USER_COLLECTIONS, clock=clock)


class UsersUnitOfWork(MemoryUnitOfWork):
    """The auth service's unit of work."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.users = LoadedUsers(self, USERS)
        self.sessions = LoadedSessions(self, SESSIONS)


class MemoryUserDirectory:
    """Looks users up as they were last committed."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    async def find_by_email(self, email: str) -> UserState | None:
        """Return the user with a normalised e-mail address; None where there is none."""
        found: UserState | None = self._database.read(USERS_BY_EMAIL, email)
        return found

    async def find_by_session(self, session_id: SessionId) -> UserState | None:
        """Return the user whose session it is; None where there is no such session."""
        session: SessionState | None = self._database.read(SESSIONS, session_id)
        if session is None:
            return None
        found: UserState | None = self._database.read(USERS, session.user_id)
        return found
