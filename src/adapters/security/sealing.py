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

from adapters.security.key_text import format_keys, key_id, parse_keys
from tradex_core.events.user import SealedPassword
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
    key = X25519PrivateKey.generate()
    return SealingKeyPair(
        private=format_keys([key.private_bytes_raw()]),
        public=format_keys([key.public_key().public_bytes_raw()]),
    )


class HpkeSealer:
    """Seals passwords to one public key; `kid` names it."""

    def __init__(self, public_key: X25519PublicKey, kid: str) -> None:
        self._public_key = public_key
        self._kid = kid

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the public key from settings; raises ValueError, which does not show it."""
        keys = parse_keys(text)
        if len(keys) != 1:
            msg = "there must be one public key to seal to"
            raise ValueError(msg)
        return cls(X25519PublicKey.from_public_bytes(keys[0]), key_id(keys[0]))

    def seal(self, password: str, context: str) -> SealedPassword:
        """Seal a password for one command.

        It is filled up with NULs to a multiple of 128 bytes, so that its length does not show.
        """
        plain = password.encode()
        blocks = len(plain) // _BLOCK + 1
        padded = plain.ljust(blocks * _BLOCK, b"\0")
        sealed = _SUITE.encrypt(padded, self._public_key, info=context.encode())
        return SealedPassword(sealed=base64.b64encode(sealed).decode(), kid=self._kid)


class HpkeUnsealer:
    """Opens what was sealed to any of several private keys, by the id that the seal names."""

    def __init__(self, private_keys: Mapping[str, X25519PrivateKey]) -> None:
        self._private_keys = dict(private_keys)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read the private keys from settings; raises ValueError, which does not show them."""
        keys = [X25519PrivateKey.from_private_bytes(raw) for raw in parse_keys(text)]
        return cls({key_id(key.public_key().public_bytes_raw()): key for key in keys})

    def unseal(self, sealed: SealedPassword, context: str) -> str:
        """Return the password; raises SealBroken, which shows nothing of it."""
        key = self._private_keys.get(sealed.kid)
        if key is None:
            msg = f"there is no private key {sealed.kid!r} to open the password with (SEALING_KEYS)"
            raise SealBroken(msg)
        # Raised outside the handler, for the cause may carry the password (UnicodeDecodeError).
        with suppress(binascii.Error, InvalidTag, ValueError):
            cipher = base64.b64decode(sealed.sealed, validate=True)
            plain = _SUITE.decrypt(cipher, key, info=context.encode())
            return plain.rstrip(b"\0").decode()
        msg = "the password was sealed to another key or for another command, or is damaged"
        raise SealBroken(msg)
