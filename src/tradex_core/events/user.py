"""What is said of users: commands to auth, the event that one registered, and who a user is."""

from enum import StrEnum
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from tradex_core.events import topics
from tradex_core.events.fields import Command, Email, Event, Instant, Name, Secret, Uuid, Wire


class Role(StrEnum):
    """What a user may do: buy, sell, or run the marketplace."""

    BUYER = "buyer"
    SELLER = "seller"
    ADMIN = "admin"


class SealedPassword(Wire, frozen=True):
    """A password that only the auth service can open (HPKE, RFC 9180), and the id of its key."""

    sealed: Annotated[str, Meta(max_length=2048)]
    kid: Annotated[str, Meta(max_length=64)]


TokenHash = Annotated[str, Meta(max_length=64, pattern=r"^[0-9a-f]{64}$")]


def normalised_email(email: str) -> str:
    """Return the one spelling of an e-mail address: trimmed, in lower case."""
    return email.strip().lower()


class _WithPassword(Command, frozen=True):
    """A command that shows everything of itself but its password."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [
            (name, "***" if name == "password" else getattr(self, name))
            for name in self.__struct_fields__
        ]

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"


class RegisterUser(_WithPassword, frozen=True):
    """Make an account."""

    command: ClassVar[str] = "REGISTER_USER"
    topic: ClassVar[str] = topics.AUTH_COMMANDS
    original: ClassVar[bool] = True

    email: Email
    password: SealedPassword | Secret
    name: Name
    role: Role = Role.BUYER
    user_id: Uuid | None = None

    @property
    def key(self) -> str:
        return normalised_email(self.email)

    @property
    def subject(self) -> str | None:
        return self.user_id


class LoginUser(_WithPassword, frozen=True):
    """Say who signs in; open the session that is named with its first token's SHA-256."""

    command: ClassVar[str] = "LOGIN_USER"
    topic: ClassVar[str] = topics.AUTH_COMMANDS
    original: ClassVar[bool] = True

    email: Email
    password: SealedPassword | Secret
    session_id: Uuid | None = None
    token_hash: TokenHash | None = None

    @property
    def key(self) -> str:
        return normalised_email(self.email)


class RefreshSession(Command, frozen=True):
    """Replace a session's refresh token; tokens are named by their SHA-256 only."""

    command: ClassVar[str] = "REFRESH_SESSION"
    topic: ClassVar[str] = topics.AUTH_COMMANDS

    session_id: Uuid
    token_hash: TokenHash
    next_token_hash: TokenHash

    @property
    def key(self) -> str:
        return self.session_id


class EndSession(Command, frozen=True):
    """Log out: no token of the session's family works from then on."""

    command: ClassVar[str] = "END_SESSION"
    topic: ClassVar[str] = topics.AUTH_COMMANDS

    session_id: Uuid
    token_hash: TokenHash

    @property
    def key(self) -> str:
        return self.session_id


class DeactivateUser(Command, frozen=True):
    """Close an account: it cannot sign in, and its sessions cannot be refreshed."""

    command: ClassVar[str] = "DEACTIVATE_USER"
    topic: ClassVar[str] = topics.AUTH_COMMANDS

    user_id: Uuid

    @property
    def key(self) -> str:
        return self.user_id

    @property
    def subject(self) -> str | None:
        return self.user_id


class UserRegistered(Event, frozen=True):
    """An account was made."""

    topic: ClassVar[str] = topics.USER_REGISTERED

    user_id: str
    email: str
    role: Role
    created_at: Instant

    @property
    def key(self) -> str:
        return self.user_id


class UserDocument(Wire, frozen=True):
    """Who a user is, as `GET /v1/me` shows it."""

    user_id: str
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: Instant
