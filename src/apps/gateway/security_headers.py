"""What browsers are told to keep from doing with an answer (OWASP REST Security, ASVS V3.4)."""

from typing import Final

from apps.gateway.answers import RawHeaders

_ALWAYS: Final[RawHeaders] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
)
_DATA: Final[RawHeaders] = (
    *_ALWAYS,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
_PAGE_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; connect-src 'self'; "
    b"style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE: Final[RawHeaders] = (
    *_ALWAYS,
    (b"content-security-policy", _PAGE_POLICY),
    (b"cross-origin-opener-policy", b"same-origin"),
)
_PAGES: Final = frozenset({"/docs"})


def security_headers(route: str) -> RawHeaders:
    """Return the headers of every answer of a route: nothing but the pages runs anything."""
    return _PAGE if route in _PAGES else _DATA
