"""Sealed passwords: HPKE (RFC 9180), base mode, X25519, HKDF-SHA256, AES-128-GCM."""

import base64
import binascii
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from adapters.security.key_text import format_ring, key_id, parse_ring
from tradex_core.events.user import SealedPassword
from tradex_core.key_rings import KeyRing
from tradex_core.users.errors import SealBroken

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
_BLOCK = 128


@dataclass(frozen=True)
class SealingKeyPair:
    """A new key pair as text for the settings of auth (private) and gateway (public)."""

    private: str = field(repr=False)
    public: str


def generate_key_pair() -> SealingKeyPair:
    """Make a key pair."""
    ring = KeyRing.of(X25519PrivateKey.generate().private_bytes_raw())
    return SealingKeyPair(
        private=format_ring(ring).strip(), public=format_ring(public_ring(ring)).strip()
    )


def public_ring(ring: KeyRing) -> KeyRing:
    """Return the public halves of private keys, with their times: what the gateway seals to."""
    return ring.derived(_public)


def sealing_key_id(private_key: bytes) -> str:
    """Return the id of the pair that a private key belongs to."""
    return key_id(_public(private_key))


class HpkeSealer:
    """Seals passwords to the first public key of a ring; `kid` names it."""

    def __init__(self, ring: KeyRing) -> None:
        self.use(ring)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the public keys from settings; raises ValueError, which does not show them."""
        return cls(parse_ring(text))

    def use(self, ring: KeyRing) -> None:
        """Go by these public keys from now on."""
        key = ring.keys[0].key
        self._sealing = X25519PublicKey.from_public_bytes(key), key_id(key)

    def seal(self, password: str, context: str) -> SealedPassword:
        """Seal a password for one command.

        It is filled up with NULs to a multiple of 128 bytes, so that its length does not show.
        """
        plain = password.encode()
        blocks = len(plain) // _BLOCK + 1
        padded = plain.ljust(blocks * _BLOCK, b"\0")
        public_key, kid = self._sealing
        sealed = _SUITE.encrypt(padded, public_key, info=context.encode())
        return SealedPassword(sealed=base64.b64encode(sealed).decode(), kid=kid)


class HpkeUnsealer:
    """Opens what was sealed to any of several private keys, by the id that the seal names."""

    def __init__(self, private_keys: Mapping[str, X25519PrivateKey]) -> None:
        self._private_keys = private_keys

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the private keys from settings; raises ValueError, which does not show them."""
        return cls(_by_id(parse_ring(text)))

    def use(self, ring: KeyRing) -> None:
        """Go by these private keys from now on."""
        self._private_keys = _by_id(ring)

    def unseal(self, sealed: SealedPassword, context: str) -> str:
        """Return the password; raises SealBroken, which shows nothing of it."""
        key = self._private_keys.get(sealed.kid)
        if key is None:
            msg = (
                f"there is no private key {sealed.kid!r} to open the password with, or no more: "
                "nothing that was sealed to a key can be read once it is destroyed (SEALING_KEYS)"
            )
            raise SealBroken(msg)
        # Raised outside the handler, for the cause may carry the password (UnicodeDecodeError).
        with suppress(binascii.Error, InvalidTag, ValueError):
            cipher = base64.b64decode(sealed.sealed, validate=True)
            plain = _SUITE.decrypt(cipher, key, info=context.encode())
            return plain.rstrip(b"\0").decode()
        msg = "the password was sealed to another key or for another command, or is damaged"
        raise SealBroken(msg)


def _public(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


def _by_id(ring: KeyRing) -> Mapping[str, X25519PrivateKey]:
    return {
        sealing_key_id(each.key): X25519PrivateKey.from_private_bytes(each.key)
        for each in ring.keys
    }
