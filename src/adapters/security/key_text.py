"""Keys of pairs as settings hold them: 32 raw bytes each, in base64, in a ring."""

import base64
import binascii
from hashlib import sha256

from tradex_core.key_rings import KeyRing

KEY_BYTES = 32


def parse_ring(text: str) -> KeyRing:
    """Read a ring; raises ValueError, without showing it, where it is none."""
    return KeyRing.parse(text, _parse)


def format_ring(ring: KeyRing) -> str:
    """Return a ring as `parse_ring` reads it, a key a line."""
    return ring.format(lambda key: base64.b64encode(key).decode())


def key_id(public_key: bytes) -> str:
    """Return the id of a key pair: 16 hex digits of the public key's SHA-256."""
    return sha256(public_key).hexdigest()[:16]


def secret_id(key: bytes) -> str:
    """Return the id of a key that has no public half, which tells nothing of it."""
    return key_id(b"the id of\0" + key)


def _parse(text: str) -> bytes:
    msg = f"each key must be {KEY_BYTES} bytes in base64, several separated by commas or line ends"
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(msg) from None
    if len(key) != KEY_BYTES:
        raise ValueError(msg)
    return key
