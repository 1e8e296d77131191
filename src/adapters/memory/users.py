"""Users and sessions in memory."""

from adapters.memory.database import Collection, MemoryDatabase
from adapters.memory.unit_of_work import MemoryRepository, MemoryUnitOfWork
from tradex_core.clock import Clock
from tradex_core.ids import SessionId
from tradex_core.users.ports import SESSIONS, USERS, USERS_BY_EMAIL, Sessions, Users
from tradex_core.users.session import Session, SessionState
from tradex_core.users.user import User, UserState


def users_database(clock: Clock) -> MemoryDatabase:
    """Make the auth service's database, empty."""
    users = Collection(User, lambda user: user.user_id, {USERS_BY_EMAIL: lambda user: user.email})
    sessions = Collection(Session, lambda session: session.session_id)
    return MemoryDatabase({USERS: users, SESSIONS: sessions}, clock=clock)


class MemoryUsers(MemoryRepository[User], Users):
    """The users of one unit of work."""

    def by_email(self, email: str) -> User | None:
        """Return the user with a normalised e-mail address; None where there is none."""
        found: User | None = self._unit.find(USERS_BY_EMAIL, email)
        return found


class MemorySessions(MemoryRepository[Session], Sessions):
    """The sessions of one unit of work."""


class UsersUnitOfWork(MemoryUnitOfWork):
    """The auth service's unit of work."""

    def __init__(self, database: MemoryDatabase) -> None:
        super().__init__(database)
        self.users = MemoryUsers(self, USERS)
        self.sessions = MemorySessions(self, SESSIONS)


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
