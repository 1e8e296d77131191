"""The Ed25519 keys of access tokens: the first signs, all of them verify."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from adapters.security.key_text import format_ring, key_id, parse_ring
from tradex_core.key_rings import KeyRing


class AccessTokenKeys:
    """A ring of key pairs, which may be replaced at any time by `use`.

    `signer` is the first key with its id; `verifying` holds all of them by their ids, and is
    another object after each replacement.
    """

    signer: tuple[str, OKPKey]
    verifying: Mapping[str, OKPKey]

    def __init__(self, private_keys: Sequence[Ed25519PrivateKey]) -> None:
        self._hold(private_keys)

    @classmethod
    def generate(cls) -> Self:
        """Make a ring of one new key pair."""
        return cls([Ed25519PrivateKey.generate()])

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read a ring from settings; raises ValueError, which does not show it."""
        return cls(_private_keys(parse_ring(text)))

    @property
    def kid(self) -> str:
        """The id of the key that signs."""
        return self.signer[0]

    def use(self, ring: KeyRing) -> None:
        """Go by these keys from now on."""
        self._hold(_private_keys(ring))

    def to_text(self) -> str:
        """Return the ring, private keys included, as `from_text` reads it."""
        keys = (key.private_bytes_raw() for key in self._private_keys)
        return format_ring(KeyRing.of(*keys)).strip()

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JWK Set (RFC 7517), for others to verify with."""
        return {
            "keys": [
                {**key.as_dict(private=False), "kid": kid, "alg": "Ed25519", "use": "sig"}
                for kid, key in self.verifying.items()
            ]
        }

    def _hold(self, private_keys: Sequence[Ed25519PrivateKey]) -> None:
        self._private_keys = tuple(private_keys)
        ids = [token_key_id(key.private_bytes_raw()) for key in private_keys]
        self.verifying = {
            kid: OKPKey.import_key(key.public_key())
            for kid, key in zip(ids, private_keys, strict=True)
        }
        self.signer = ids[0], OKPKey.import_key(private_keys[0])


def token_key_id(private_key: bytes) -> str:
    """Return the id of the pair that a private key belongs to."""
    pair = Ed25519PrivateKey.from_private_bytes(private_key)
    return key_id(pair.public_key().public_bytes_raw())


def _private_keys(ring: KeyRing) -> list[Ed25519PrivateKey]:
    return [Ed25519PrivateKey.from_private_bytes(each.key) for each in ring.keys]
