"""What is refused of users and sessions, and the one password that can never be read."""

from typing import Self

from tradex_core.errors import Kind, Refusal, Undecodable
from tradex_core.events.user import Role
from tradex_core.ids import SessionId, UserId


class EmailTaken(Refusal):
    """There is an account with this e-mail address already."""

    kind = Kind.CONFLICT
    slug = "email_taken"
    title = "The e-mail address is taken"

    @classmethod
    def of(cls, email: str) -> Self:
        """Refuse a second account for this address."""
        return cls(f"there is an account for {email} already; log in, or use another address")


class UserIdTaken(Refusal):
    """There is an account under this id already."""

    kind = Kind.CONFLICT
    slug = "user_id_taken"
    title = "The user id is taken"

    @classmethod
    def of(cls, user_id: UserId) -> Self:
        """Refuse a second account under this id."""
        return cls(f"there is a user {user_id} already; leave userId out, or name a new one")


class SessionIdTaken(Refusal):
    """There is a session under this id already."""

    kind = Kind.CONFLICT
    slug = "session_id_taken"
    title = "The session id is taken"

    @classmethod
    def of(cls, session_id: SessionId) -> Self:
        """Refuse a second session under this id."""
        return cls(f"there is a session {session_id} already; name a new one")


class UserNotFound(Refusal):
    """There is no such user."""

    kind = Kind.NOT_FOUND
    slug = "user_not_found"
    title = "There is no such user"

    @classmethod
    def of(cls, user_id: UserId) -> Self:
        """Say that nobody has this id."""
        return cls(f"there is no user {user_id}")


class InvalidCredentials(Refusal):
    """Nobody can sign in like this: one answer for every cause, so that it tells nothing."""

    kind = Kind.UNAUTHENTICATED
    slug = "invalid_credentials"
    title = "The e-mail address or the password is wrong"

    def __init__(self) -> None:
        super().__init__("check the e-mail address and the password")


class SessionEnded(Refusal):
    """The session was ended, has run out or was never there: one answer for all."""

    kind = Kind.UNAUTHENTICATED
    slug = "session_ended"
    title = "The session has ended"

    def __init__(self) -> None:
        super().__init__("log in again")


class InvalidToken(Refusal):
    """The token is malformed, not ours, or not good any more."""

    kind = Kind.UNAUTHENTICATED
    slug = "invalid_token"
    title = "The token is not valid"


class WeakPassword(Refusal):
    """The password is too easy to guess, or cannot be a password."""

    kind = Kind.INVALID
    slug = "weak_password"
    title = "The password is not acceptable"


class PlaintextPassword(Refusal):
    """The password came unsealed, and that is not allowed here."""

    kind = Kind.INVALID
    slug = "plaintext_password"
    title = "The password is not sealed"

    def __init__(self) -> None:
        super().__init__("seal the password to the auth service's public key")


class RoleNotAllowed(Refusal):
    """Nobody can register with this role."""

    kind = Kind.FORBIDDEN
    slug = "role_not_allowed"
    title = "This role cannot be registered"

    @classmethod
    def of(cls, role: Role) -> Self:
        """Refuse an account of this role."""
        return cls(f"an account of role {role} is made by an operator; register as buyer or seller")


class SealBroken(Undecodable):
    """A sealed password cannot be opened: another key, another command's, or damaged."""
