"""Secrets that are recognised wherever they turn up, in whatever form they got there."""

import base64
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Final
from uuid import uuid4

STEM: Final = "kanaryOfTradex"
"""What every secret that is made up here has in it."""


class Canary:
    """Knows secrets by what they are: those that it made up, and those that it learnt."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._learnt: dict[str, str] = {}

    def secret(self, what: str) -> str:
        """Return the secret for a purpose, one that would do as a password."""
        return self._made.setdefault(what, f"{STEM}{uuid4().hex}")

    def learn(self, what: str, secret: str) -> str:
        """Recognise a secret from now on that somebody else made; return it."""
        self._learnt[secret] = what
        return secret

    def learn_tokens(self, whose: str, session: Mapping[str, str]) -> None:
        """Learn what signing in gave: the parts of each token that make it one."""
        _, claims, signature = session["accessToken"].split(".")
        self.learn(f"claims of {whose}'s access token", claims)
        self.learn(f"signature of {whose}'s access token", signature)
        self.learn(f"{whose}'s refresh token", session["refreshToken"].partition(".")[2])

    def found_in(self, data: bytes) -> set[str]:
        """Return what is found."""
        return {*self._made_in(data), *found(data, self._learnt)}

    def _made_in(self, data: bytes) -> Iterable[str]:
        if not any(form in data for form in forms(STEM)):
            return ()
        named = {secret: what for what, secret in self._made.items()}
        return set(found(data, named)) or {"a part of a secret"}


def found(data: bytes, named: Mapping[str, str]) -> Iterator[str]:
    """Return the names of the secrets that are in it, in any form."""
    return (what for secret, what in named.items() if any(f in data for f in forms(secret)))


@cache
def forms(secret: str) -> frozenset[bytes]:
    """Return how a secret looks as it is, in hex, percent-encoded, and inside any base64."""
    raw = secret.encode()
    escaped = "".join(f"%{byte:02x}" for byte in raw)
    texts = (raw.hex(), raw.hex().upper(), escaped, escaped.upper())
    return frozenset({raw, *(text.encode() for text in texts), *_in_base64(raw)})


def _in_base64(raw: bytes) -> Iterator[bytes]:
    """Return what of a base64 text depends on these bytes alone, for each place they may have."""
    for before in range(3):
        begin, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(bytes(before) + raw)[begin:end]
