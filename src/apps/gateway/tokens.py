"""The tokens that signing in gives: made here, so that no message ever carries one."""

from datetime import timedelta
from typing import Final, Protocol

from msgspec import Struct

from tradex_core.clock import Clock
from tradex_core.events import codec
from tradex_core.events.fields import Wire
from tradex_core.events.user import Role
from tradex_core.ids import OperationId, SessionId, UserId, sibling_uuid7
from tradex_core.users.errors import SessionEnded
from tradex_core.views.operation_view import OperationView

EXPIRES_IN: Final = timedelta(minutes=10)
"""How long an access token works; also how long an operation that signed somebody in gives one."""


class TokenIssuer(Protocol):
    """Makes access tokens, which work for EXPIRES_IN."""

    def issue(self, user_id: UserId, role: Role) -> str:
        """Return a token by which its bearer is this user."""
        ...


class RefreshTokenMaker(Protocol):
    """Makes a session's refresh tokens, the same ones for the same request."""

    def first(self, operation_id: OperationId, session_id: SessionId) -> str:
        """Return the token with which the session that an operation opens begins."""
        ...

    def successor(self, token: str) -> str:
        """Return the token that replaces this one; raises InvalidToken where it is malformed."""
        ...

    def parse(self, token: str) -> SessionId:
        """Return whose token it claims to be; raises InvalidToken where it is malformed."""
        ...

    def token_hash(self, token: str) -> str:
        """Return the SHA-256 in hex by which the token is known to others."""
        ...


class Tokens(Wire, frozen=True):
    """What signing in gives; `expires_in` is in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str


class _SignedIn(Struct, frozen=True, rename="camel"):
    user_id: UserId
    role: Role


class TokenDesk:
    """Hands out tokens to those of whom the auth service said who they are."""

    def __init__(self, issuer: TokenIssuer, refresh: RefreshTokenMaker, *, clock: Clock) -> None:
        self._issuer = issuer
        self._clock = clock
        self.refresh = refresh

    def first_of(self, operation_id: OperationId) -> str:
        """Return the refresh token of the session that a login opens."""
        return self.refresh.first(operation_id, session_of(operation_id))

    def hand_out(self, outcome: OperationView, refresh_token: str) -> bytes:
        """Return the tokens that go with a login's or a refresh's success, as JSON.

        Raises SessionEnded where that was longer ago than EXPIRES_IN: whoever repeats an old
        request must not be signed in again by it.
        """
        if self._clock.now() - outcome.completed_at > EXPIRES_IN:
            raise SessionEnded
        user = codec.decode(outcome.result, _SignedIn)
        tokens = Tokens(
            access_token=self._issuer.issue(user.user_id, user.role),
            token_type="Bearer",  # noqa: S106 - the name of a scheme
            expires_in=int(EXPIRES_IN.total_seconds()),
            refresh_token=refresh_token,
        )
        return codec.encode(tokens)


def session_of(operation_id: OperationId) -> SessionId:
    """Return the id of the session that an operation opens."""
    return SessionId(sibling_uuid7(operation_id, "session"))
