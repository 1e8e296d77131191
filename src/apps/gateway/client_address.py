"""Where a request comes from: what a trusted proxy says, and otherwise who is connected."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from litestar.types import Scope

Network = IPv4Network | IPv6Network
_Address = IPv4Address | IPv6Address

_UNKNOWN: Final = "unknown"
_SUBSCRIBER: Final = 64
"""The bits of an IPv6 address that one subscriber cannot choose (RFC 6177)."""


class TrustedProxies:
    """Reads `X-Forwarded-For` from right to left, for as long as who wrote a part is trusted.

    Anybody can send that header, and a proxy adds to it: only what a trusted one added is true.
    """

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    def network_of(self, scope: Scope) -> str:
        """Return an IPv4 address, or the /64 of an IPv6 address; all that have none are one."""
        client = scope["client"]
        address = _read(client[0]) if client else None
        if address is None:
            return _UNKNOWN
        for hop in reversed(_forwarded(scope["headers"])):
            earlier = _read(hop) if self._trusts(address) else None
            if earlier is None:
                break
            address = earlier
        return _network(address)

    def _trusts(self, address: _Address) -> bool:
        return any(address in network for network in self._networks)


def _forwarded(headers: Iterable[tuple[bytes, bytes]]) -> list[str]:
    lines = [value for name, value in headers if name == b"x-forwarded-for"]
    return b",".join(lines).decode("latin-1").split(",")


def _read(text: str) -> _Address | None:
    """Return an address, which may have a port behind it as some proxies write it."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    with suppress(ValueError):
        address = ip_address(text)
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return mapped or address
    return None


def _network(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), _SUBSCRIBER), strict=False))
