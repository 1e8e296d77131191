"""Reads settings' values from text; what does not fit is a ValueError that says what would."""

import base64
import binascii
import re
from collections.abc import Callable
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from apps.runtime.secret import SecretBytes, SecretText
from tradex_core.key_rings import KeyRing

_MIN_KEY_BYTES = 32
_UNITS: Final = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smh]?)")
_FRACTION = re.compile(r"\d(?:\.\d+)?")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})+")
MEMORY: Final = "memory:"
"""The URL of a database that is in this process, and gone with it."""


def text(value: str) -> str:
    """Return the text."""
    return value


def secret_text(value: str) -> SecretText:
    """Return the text, to be shown to nobody."""
    return SecretText(value)


def path(value: str) -> Path:
    """Return the path of a file, `~` standing for the home directory."""
    return Path(value).expanduser()


def one_of(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of these words, in upper or lower case."""

    def read(value: str) -> str:
        word = {choice.lower(): choice for choice in choices}.get(value.lower())
        if word is None:
            msg = f"{value!r} is not one of {', '.join(choices)}"
            raise ValueError(msg)
        return word

    return read


def whole_number(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of a whole number within these bounds."""

    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            msg = f"{value!r} is not a whole number from {low} to {high}"
            raise ValueError(msg)
        return int(value)

    return read


def or_off(read: Callable[[str], int]) -> Callable[[str], int | None]:
    """Return a reader of `off`, which is None, or of what another one reads."""
    return lambda value: None if value.lower() == "off" else read(value)


def fraction(value: str) -> float:
    """Return a part of a whole, from 0 to 1."""
    if _FRACTION.fullmatch(value) is None or float(value) > 1:
        msg = f"{value!r} is not a number from 0 to 1"
        raise ValueError(msg)
    return float(value)


def duration(value: str) -> timedelta:
    """Return a time longer than none: seconds, or a number with s, m or h behind it."""
    match = _DURATION.fullmatch(value)
    seconds = float(match[1]) * _UNITS[match[2]] if match else 0.0
    if not 0 < seconds <= timedelta.max.total_seconds() / 2:
        msg = f"{value!r} is not a time above 0 in seconds, or with s, m or h behind it"
        raise ValueError(msg)
    return timedelta(seconds=seconds)


def key(value: str) -> SecretBytes:
    """Return a key of at least 32 bytes from hex or base64url; the errors do not show it."""
    decoded = _hex_or_base64url(value)
    if len(decoded) < _MIN_KEY_BYTES:
        msg = f"the key has {len(decoded)} bytes and needs at least {_MIN_KEY_BYTES}"
        raise ValueError(msg)
    return SecretBytes(decoded)


def key_ring(value: str) -> KeyRing:
    """Return a ring of keys as `key` reads each; the errors do not show them."""
    return KeyRing.parse(value, key)


def key_ring_text(ring: KeyRing) -> str:
    """Return a ring as `key_ring` reads it, a key a line."""
    return ring.format(lambda each: base64.urlsafe_b64encode(each).rstrip(b"=").decode())


def _hex_or_base64url(value: str) -> bytes:
    if _HEX.fullmatch(value):
        return bytes.fromhex(value)
    unpadded = value.rstrip("=")
    try:
        padded = unpadded + "=" * (-len(unpadded) % 4)
        return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeEncodeError):
        msg = "the key is neither hex nor base64url"
        raise ValueError(msg) from None


def origins(value: str) -> tuple[str, ...]:
    """Return web origins (RFC 6454) separated by commas, each a scheme and a host alone."""
    found = tuple(origin.strip() for origin in value.split(",") if origin.strip())
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}":
            msg = f"{origin!r} is not an origin such as https://shop.example.com"
            raise ValueError(msg)
    return found


def networks(value: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return addresses and networks (CIDR) separated by commas; none of them is everybody."""
    found = tuple(ip_network(each.strip()) for each in value.split(",") if each.strip())
    for network in found:
        if network.prefixlen == 0:
            msg = f"{network} is everybody"
            raise ValueError(msg)
    return found


def server_url(*schemes: str) -> Callable[[str], str]:
    """Return a reader of a server's URL, without a user's name or password, a query or a fragment.

    The errors do not show it.
    """

    def read(value: str) -> str:
        try:
            parts = urlsplit(value)
            known = parts.scheme in schemes and parts.hostname and "@" not in parts.netloc
        except ValueError:  # what it says may hold a password
            known = False
        if not known or "?" in value or "#" in value:
            msg = f"the URL is not {schemes[0]}://, a host, and a port or a path behind it"
            raise ValueError(msg)
        return value

    return read


def database_url(*schemes: str) -> Callable[[str], SecretText]:
    """Return a reader of `memory:` or a server's URL; the errors do not show what it holds."""

    def read(value: str) -> SecretText:
        if value != MEMORY:
            _require_database(value, schemes)
        return SecretText(value)

    return read


def _require_database(value: str, schemes: tuple[str, ...]) -> None:
    if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        msg = f"the URL is neither {MEMORY} nor one that begins with {schemes[0]}://"
        raise ValueError(msg)
    try:
        database = urlsplit(value).path.strip("/")
    except ValueError:  # what it says may hold the password
        database = ""
    if not database:
        msg = "the URL names no database behind its host"
        raise ValueError(msg)
