"""Access tokens: JWTs (RFC 9068) signed with Ed25519 (RFC 9864)."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from threading import Lock
from typing import Annotated, Final, NoReturn

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import GuestProtocol, OKPKey

from adapters.security.token_keys import AccessTokenKeys
from tradex_core.clock import Clock, epoch_ms
from tradex_core.events.envelope import Actor
from tradex_core.events.user import Role
from tradex_core.ids import UserId
from tradex_core.users.errors import InvalidToken

LIFETIME: Final = timedelta(minutes=10)
"""How long an access token works."""

_ALGORITHM = "Ed25519"
_TYPE = "at+jwt"
_HEADER_FIELDS = {"alg", "kid", "typ"}
_MAX_LENGTH = 2048
_CACHED_TOKENS = 10_000
_CLOCK_SKEW_S = 30
_MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError)
"""What joserfc raises on tokens that are not even well-formed, and on those that are not right."""


class AccessTokenIssuer:
    """Signs access tokens with the ring's first key."""

    def __init__(self, keys: AccessTokenKeys, *, issuer: str, audience: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def issue(self, user_id: UserId, role: Role) -> str:
        """Return a token by which its bearer is this user for LIFETIME."""
        issued_at = epoch_ms(self._clock.now()) // 1000
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": user_id,
            "role": role.value,
            "iat": issued_at,
            "exp": issued_at + int(LIFETIME.total_seconds()),
            "jti": secrets.token_urlsafe(16),
        }
        kid, key = self._keys.signer
        header = {"alg": _ALGORITHM, "kid": kid, "typ": _TYPE}
        return jwt.encode(header, claims, key, algorithms=[_ALGORITHM])


class _Claims(msgspec.Struct, frozen=True):
    iss: str
    aud: str
    sub: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    role: Role
    iat: int
    exp: int
    nbf: int | None = None


class AccessTokenVerifier:
    """Tells who bears a token; safe to share among threads.

    A token that was found good is remembered until it expires or the keys are replaced, since
    checking a signature is slow.
    """

    def __init__(self, keys: AccessTokenKeys, *, issuer: str, audience: str, clock: Clock) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._clock = clock
        self._verified = _VerifiedTokens(keys.verifying, _CACHED_TOKENS)

    def verify(self, token: str) -> Actor:
        """Return who the token says its bearer is.

        Raises InvalidToken unless it is signed by a key of the ring, meant for this audience and
        good now; the clock of whoever issued it may be 30 seconds ahead.
        """
        if len(token) > _MAX_LENGTH or not token.isascii():
            _refuse("this is no access token of ours")
        now_s = epoch_ms(self._clock.now()) / 1000
        fingerprint = sha256(token.encode()).digest()
        remembered = self._remembered()
        verified = remembered.find(fingerprint)
        if verified is None:
            verified = self._checked(token, remembered.keys)
            self._require_begun(verified, now_s)
            remembered.keep(fingerprint, verified)
        if now_s >= verified.exp:
            _refuse("the access token has expired; refresh the session")
        return Actor(user_id=verified.sub, role=verified.role)

    def _remembered(self) -> "_VerifiedTokens":
        remembered, verifying = self._verified, self._keys.verifying
        if remembered.keys is not verifying:
            remembered = self._verified = _VerifiedTokens(verifying, _CACHED_TOKENS)
        return remembered

    def _checked(self, token: str, keys: Mapping[str, OKPKey]) -> _Claims:
        def key_of(token: GuestProtocol) -> OKPKey:
            return keys[token.headers()["kid"]]

        try:
            decoded = jwt.decode(token, key_of, algorithms=[_ALGORITHM])
            claims = msgspec.convert(decoded.claims, _Claims)
        except _MALFORMED:
            _refuse("this is no access token of ours")
        header = decoded.header
        if header.keys() != _HEADER_FIELDS or header["typ"] != _TYPE:
            _refuse("this is another kind of token; use the access token")
        if (claims.iss, claims.aud) != (self._issuer, self._audience):
            _refuse("the access token is meant for somebody else")
        return claims

    def _require_begun(self, claims: _Claims, now_s: float) -> None:
        begins = max(claims.iat, claims.nbf or claims.iat)
        if begins > now_s + _CLOCK_SKEW_S:
            _refuse("the access token is not good yet; check the clocks")


class _VerifiedTokens:
    """The tokens used last, by their SHA-256, and what they claim as these keys verify it."""

    def __init__(self, keys: Mapping[str, OKPKey], limit: int) -> None:
        self.keys = keys
        self._limit = limit
        self._claims: OrderedDict[bytes, _Claims] = OrderedDict()
        self._lock = Lock()

    def find(self, fingerprint: bytes) -> _Claims | None:
        with self._lock:
            if fingerprint in self._claims:
                self._claims.move_to_end(fingerprint)
            return self._claims.get(fingerprint)

    def keep(self, fingerprint: bytes, claims: _Claims) -> None:
        with self._lock:
            self._claims[fingerprint] = claims
            if len(self._claims) > self._limit:
                self._claims.popitem(last=False)


def _refuse(detail: str) -> NoReturn:
    raise InvalidToken(detail) from None
