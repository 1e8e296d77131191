"""A session: a family of refresh tokens of which one is good, each replaced when it is used."""

from datetime import datetime, timedelta
from typing import Final, Self

import msgspec
from msgspec.structs import replace

from tradex_core.aggregate import Aggregate
from tradex_core.ids import SessionId, UserId
from tradex_core.users.errors import InvalidToken, SessionEnded

LIFETIME: Final = timedelta(days=30)
"""How long a session lasts from its opening; using it does not prolong it."""

GRACE: Final = timedelta(seconds=10)
"""For how long after a token was replaced it is a repeated request, not a stolen token."""


class SessionState(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A session at one version; tokens are known by their SHA-256 in hex only."""

    session_id: SessionId
    user_id: UserId
    current_hash: str
    previous_hash: str | None
    rotated_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    version: int


class Session(Aggregate[SessionState]):
    """A family of refresh tokens (RFC 9700, section 4.14.2: rotation, and the end upon reuse)."""

    @classmethod
    def start(
        cls, *, session_id: SessionId, user_id: UserId, token_hash: str, at: datetime
    ) -> Self:
        """Return a new session whose first token has this hash."""
        return cls(
            SessionState(
                session_id=session_id,
                user_id=user_id,
                current_hash=token_hash,
                previous_hash=None,
                rotated_at=at,
                expires_at=at + LIFETIME,
                ended_at=None,
                version=1,
            )
        )

    def is_open(self, at: datetime) -> bool:
        """Whether tokens of the session can work at this instant."""
        return self.state.ended_at is None and at < self.state.expires_at

    def rotate(
        self, token_hash: str, next_token_hash: str, *, sent_at: datetime, at: datetime
    ) -> bool:
        """Replace the current token by its successor; return whether the token was good.

        The immediate predecessor, asking for the same successor within GRACE, is good as well and
        changes nothing. Any other token tells of a theft: the session is ended, and no token of it
        works from then on. Raises SessionEnded, having changed nothing, where that was so before,
        and InvalidToken where the request was sent before the latest replacement: it may have been
        good then, and only come late.
        """
        if not self.is_open(at):
            raise SessionEnded
        state = self.state
        if token_hash == state.current_hash:
            self._change(
                current_hash=next_token_hash,
                previous_hash=token_hash,
                rotated_at=max(at, state.rotated_at),
            )
            return True
        if self._is_repeated(token_hash, next_token_hash, at):
            return True
        if sent_at < state.rotated_at:
            raise _not_the_latest()
        self._change(ended_at=at)
        return False

    def end(self, token_hash: str, *, at: datetime) -> None:
        """End the session for who holds its current token or the one before.

        Where it has ended or run out, nothing happens. Raises InvalidToken for any other token.
        """
        if not self.is_open(at):
            return
        if token_hash not in (self.state.current_hash, self.state.previous_hash):
            raise _not_the_latest()
        self._change(ended_at=at)

    def _is_repeated(self, token_hash: str, next_token_hash: str, at: datetime) -> bool:
        state = self.state
        return (token_hash, next_token_hash) == (state.previous_hash, state.current_hash) and (
            at - state.rotated_at <= GRACE
        )

    def _change(self, **changes: object) -> None:
        self.change(replace(self.state, **changes, version=self.state.version + 1))


def _not_the_latest() -> InvalidToken:
    return InvalidToken("the refresh token is not the session's latest; use that one")
