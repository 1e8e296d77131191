"""Keys as settings hold them: 32 raw bytes each, in base64, separated by commas."""

import base64
import binascii
from hashlib import sha256

KEY_BYTES = 32


def parse_keys(text: str) -> list[bytes]:
    """Read one key or more; raises ValueError, without showing them, where they are not keys."""
    return [_parse(part.strip()) for part in text.split(",")]


def format_keys(keys: list[bytes]) -> str:
    """Return keys as `parse_keys` reads them."""
    return ",".join(base64.b64encode(key).decode() for key in keys)


def key_id(public_key: bytes) -> str:
    """Return the id of a key pair: 16 hex digits of the public key's SHA-256."""
    return sha256(public_key).hexdigest()[:16]


def _parse(text: str) -> bytes:
    msg = f"each key must be {KEY_BYTES} bytes in base64, several separated by commas"
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(msg) from None
    if len(key) != KEY_BYTES:
        raise ValueError(msg)
    return key
