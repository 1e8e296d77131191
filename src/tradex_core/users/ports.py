"""What users need of a store, and what their passwords need of cryptography."""

from typing import Final, Protocol

from tradex_core.events.user import SealedPassword
from tradex_core.ids import SessionId, UserId
from tradex_core.users.errors import UserNotFound
from tradex_core.users.session import Session
from tradex_core.users.user import User, UserState

USERS: Final = "users"
"""The collection of users, keyed by user id."""

USERS_BY_EMAIL: Final = "users_by_email"
"""The same users by their other unique key, the normalised e-mail address."""

SESSIONS: Final = "sessions"
"""The collection of sessions, keyed by session id."""


class Users(Protocol):
    """The users that a unit of work has loaded; what is added or changed is saved with it."""

    def find(self, user_id: UserId) -> User | None:
        """Return a user, the same object at every call; None where there is none."""
        ...

    def get(self, user_id: UserId) -> User:
        """Return a user; raises UserNotFound."""
        user = self.find(user_id)
        if user is None:
            raise UserNotFound.of(user_id)
        return user

    def by_email(self, email: str) -> User | None:
        """Return the user with a normalised e-mail address; None where there is none."""
        ...

    def add(self, user: User) -> None:
        """Add a user whose id and e-mail address are new."""
        ...


class Sessions(Protocol):
    """The sessions that a unit of work has loaded; what is added or changed is saved with it."""

    def find(self, session_id: SessionId) -> Session | None:
        """Return a session, the same object at every call; None where there is none."""
        ...

    def add(self, session: Session) -> None:
        """Add a session whose id is new."""
        ...


class UserDirectory(Protocol):
    """Looks users up outside any unit of work, as they were last committed.

    Every method may raise Outage.
    """

    async def find_by_email(self, email: str) -> UserState | None:
        """Return the user with a normalised e-mail address; None where there is none."""
        ...

    async def find_by_session(self, session_id: SessionId) -> UserState | None:
        """Return whose session it is, ended or not; None where there is no such session."""
        ...


class PasswordHasher(Protocol):
    """Makes and checks password hashes: slow on purpose, for worker threads, safe in several."""

    @property
    def decoy(self) -> str:
        """A hash that no password matches and that costs as much to check as a real one."""
        ...

    def hash(self, password: str) -> str:
        """Return a salted hash that carries its own parameters."""
        ...

    def verify(self, password_hash: str, password: str) -> bool:
        """Return whether the hash is this password's."""
        ...


class PasswordSealer(Protocol):
    """Makes passwords unreadable to all but the auth service."""

    def seal(self, password: str, context: str) -> SealedPassword:
        """Seal a password without NUL characters for one command, whose id is the context."""
        ...


class PasswordUnsealer(Protocol):
    """Reads what was sealed to the auth service."""

    def unseal(self, sealed: SealedPassword, context: str) -> str:
        """Return the password; raises SealBroken where it was not sealed to us for this command."""
        ...
