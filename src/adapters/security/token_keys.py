"""The Ed25519 keys of access tokens: the first signs, all of them verify."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from adapters.security.key_text import format_keys, key_id, parse_keys


class AccessTokenKeys:
    """A ring of key pairs.

    To replace a key, put the new one behind the old, then before it once every gateway knows both,
    and take the old one out when the last token that it signed has expired.
    """

    def __init__(self, private_keys: Sequence[Ed25519PrivateKey]) -> None:
        ids = [key_id(key.public_key().public_bytes_raw()) for key in private_keys]
        self._private_keys = tuple(private_keys)
        self.kid = ids[0]
        self.signing: OKPKey = OKPKey.import_key(private_keys[0])
        self.verifying: Mapping[str, OKPKey] = {
            kid: OKPKey.import_key(key.public_key())
            for kid, key in zip(ids, private_keys, strict=True)
        }

    @classmethod
    def generate(cls) -> Self:
        """Make a ring of one new key pair."""
        return cls([Ed25519PrivateKey.generate()])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a ring from settings; raises ValueError, which does not show it."""
        return cls([Ed25519PrivateKey.from_private_bytes(raw) for raw in parse_keys(text)])

    def to_text(self) -> str:
        """Return the ring, private keys included, as `from_text` reads it."""
        return format_keys([key.private_bytes_raw() for key in self._private_keys])

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JWK Set (RFC 7517), for others to verify with."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "alg": "Ed25519", "use": "sig"}
                for kid, key in self.verifying.items()
            ]
        }
