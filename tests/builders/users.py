"""Users and sessions for tests, repositories in dicts, and cryptography that costs nothing."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from tradex_core.events.envelope import Actor
from tradex_core.events.user import (
    DeactivateUser,
    EndSession,
    LoginUser,
    RefreshSession,
    RegisterUser,
    Role,
    SealedPassword,
)
from tradex_core.ids import MessageId, SessionId, UserId
from tradex_core.users.errors import SealBroken
from tradex_core.users.ports import (
    PasswordHasher,
    PasswordSealer,
    PasswordUnsealer,
    Sessions,
    Users,
)
from tradex_core.users.prepare_password import PasswordVerdict, PreparedPassword
from tradex_core.users.session import Session
from tradex_core.users.user import User, UserState

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
USER_ID = UserId("018d0c1e-8a00-7000-8000-0000000000b1")
SESSION_ID = SessionId("018d0c1e-8a00-7000-8000-0000000000f1")
MESSAGE_ID = MessageId("018d0c1e-8a00-7000-8000-0000000000a1")
EMAIL = "ana@example.com"
PASSWORD = "plum-Tram-42-quiet"
PASSWORD_HASH = "hash of " + PASSWORD
TOKEN, NEXT_TOKEN, LATER_TOKEN, FOREIGN_TOKEN = "a" * 64, "b" * 64, "c" * 64, "d" * 64

ADMIN = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000e1", role=Role.ADMIN)
BUYER = Actor(user_id=USER_ID, role=Role.BUYER)
SELLER = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000c1", role=Role.SELLER)


class HandSetClock:
    """A clock that goes when it is told to."""

    def __init__(self, at: datetime = NOW) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class UsersInDict(Users):
    """The users that one unit of work has loaded."""

    def __init__(self, *users: User) -> None:
        self.by_id = {user.state.user_id: user for user in users}

    def find(self, user_id: UserId) -> User | None:
        return self.by_id.get(user_id)

    def by_email(self, email: str) -> User | None:
        return next((user for user in self.by_id.values() if user.state.email == email), None)

    def add(self, user: User) -> None:
        assert user.state.user_id not in self.by_id
        self.by_id[user.state.user_id] = user


class SessionsInDict(Sessions):
    """The sessions that one unit of work has loaded."""

    def __init__(self, *sessions: Session) -> None:
        self.by_id = {session.state.session_id: session for session in sessions}

    def find(self, session_id: SessionId) -> Session | None:
        return self.by_id.get(session_id)

    def add(self, session: Session) -> None:
        assert session.state.session_id not in self.by_id
        self.by_id[session.state.session_id] = session


class CountingHasher(PasswordHasher):
    """Writes the password into its hash, and down which hash was made or checked."""

    decoy = "hash of nothing that anybody could type"

    def __init__(self) -> None:
        self.hashed: list[str] = []
        self.verified: list[str] = []

    def hash(self, password: str) -> str:
        self.hashed.append(password)
        return f"hash of {password}"

    def verify(self, password_hash: str, password: str) -> bool:
        self.verified.append(password_hash)
        return password_hash == f"hash of {password}"


class OpenSealing(PasswordSealer, PasswordUnsealer):
    """Writes the context and the password side by side."""

    def seal(self, password: str, context: str) -> SealedPassword:
        return SealedPassword(sealed=f"{context}\n{password}", kid="open")

    def unseal(self, sealed: SealedPassword, context: str) -> str:
        sealed_for, _, password = sealed.sealed.partition("\n")
        if sealed_for != context:
            msg = "the password was sealed for another command"
            raise SealBroken(msg)
        return password


def a_user_state(**changes: object) -> UserState:
    state = UserState(
        user_id=USER_ID,
        email=EMAIL,
        name="Ana Reyes",
        role=Role.BUYER,
        password_hash=PASSWORD_HASH,
        is_active=True,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    return replace(state, **changes)


def a_user(**changes: object) -> User:
    return User(a_user_state(**changes))


def a_session(**changes: object) -> Session:
    session = Session.start(session_id=SESSION_ID, user_id=USER_ID, token_hash=TOKEN, at=NOW)
    return Session(replace(session.state, **changes))


def a_register_command(**changes: object) -> RegisterUser:
    command = RegisterUser(email=EMAIL, password=PASSWORD, name="Ana Reyes", role=Role.BUYER)
    return replace(command, **changes)


def a_login_command(**changes: object) -> LoginUser:
    return replace(LoginUser(email=EMAIL, password=PASSWORD), **changes)


def a_refresh_command(token_hash: str = TOKEN, next_token_hash: str = NEXT_TOKEN) -> RefreshSession:
    return RefreshSession(
        session_id=SESSION_ID, token_hash=token_hash, next_token_hash=next_token_hash
    )


def an_end_command(token_hash: str = TOKEN) -> EndSession:
    return EndSession(session_id=SESSION_ID, token_hash=token_hash)


def a_deactivate_command() -> DeactivateUser:
    return DeactivateUser(user_id=USER_ID)


def a_prepared_password(password: str = PASSWORD) -> PreparedPassword:
    return PreparedPassword(hash=f"hash of {password}")


def a_verdict(**changes: object) -> PasswordVerdict:
    found: dict[str, Any] = {"user_id": USER_ID, "password_hash": PASSWORD_HASH, "matches": True}
    return PasswordVerdict(**{**found, **changes})
