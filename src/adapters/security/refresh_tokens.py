"""Refresh tokens: opaque, and derived one from another, so that nothing has to be stored."""

import base64
import hmac
import re
from datetime import UTC, datetime
from hashlib import sha256

from tradex_core.ids import UUID_PATTERN, OperationId, SessionId, uuid7_time
from tradex_core.key_rings import KeyRing
from tradex_core.users.errors import InvalidToken

_MIN_KEY_BYTES = 32
_TOKEN = re.compile(rf"({UUID_PATTERN[1:-1]})\.[A-Za-z0-9_-]{{43}}")


class RefreshTokens:
    """Makes a session's tokens: the session's id, a dot, 256 bits of HMAC-SHA256 in base64url.

    The same request gets the same token from every process that has the key, however often it is
    repeated. Of a ring's keys a session has the one that was used when it was opened, for all of
    its life. Whether a token is good, its session alone can tell.
    """

    def __init__(self, key: bytes) -> None:
        self.use(KeyRing.of(key))

    def use(self, ring: KeyRing) -> None:
        """Go by these keys from now on."""
        if any(len(each.key) < _MIN_KEY_BYTES for each in ring.keys):
            msg = f"the key of refresh tokens must have {_MIN_KEY_BYTES} bytes or more"
            raise ValueError(msg)
        self._ring = ring

    def first(self, operation_id: OperationId, session_id: SessionId) -> str:
        """Return the token with which the session that an operation opens begins."""
        return self._token(session_id, f"first\0{operation_id}\0{session_id}")

    def successor(self, token: str) -> str:
        """Return the token that replaces this one; raises InvalidToken where it is malformed."""
        return self._token(self.parse(token), f"successor\0{token}")

    def parse(self, token: str) -> SessionId:
        """Return whose token it claims to be; raises InvalidToken where it is malformed."""
        match = _TOKEN.fullmatch(token)
        if match is None:
            msg = "this is no refresh token; log in again"
            raise InvalidToken(msg)
        return SessionId(match[1])

    def token_hash(self, token: str) -> str:
        """Return the SHA-256 in hex by which the token is known to others."""
        return sha256(token.encode()).hexdigest()

    def _token(self, session_id: SessionId, derivation: str) -> str:
        key = self._ring.at(_opened_at(session_id)).key
        digest = hmac.digest(key, derivation.encode(), "sha256")
        return f"{session_id}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _opened_at(session_id: SessionId) -> datetime:
    try:
        return uuid7_time(session_id)
    except OverflowError:  # a time that no clock has shown
        return datetime.max.replace(tzinfo=UTC)
