"""Users and sessions as a store keeps them, and as a unit of work hands them out."""

from typing import Final

from tradex_core.messaging.workspace import Collection, Repository
from tradex_core.users.ports import SESSIONS, USERS, USERS_BY_EMAIL, Sessions, Users
from tradex_core.users.session import Session
from tradex_core.users.user import User

USER_COLLECTIONS: Final = {
    USERS: Collection(User, lambda user: user.user_id, {USERS_BY_EMAIL: lambda user: user.email}),
    SESSIONS: Collection(Session, lambda session: session.session_id),
}


class LoadedUsers(Repository[User], Users):
    """The users of one unit of work."""

    def by_email(self, email: str) -> User | None:
        """Return the user with a normalised e-mail address; None where there is none."""
        return self._by(USERS_BY_EMAIL, email)


class LoadedSessions(Repository[Session], Sessions):
    """The sessions of one unit of work."""
