"""Rotating a ring: what is added to it and taken out of it, and when."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import msgspec

from apps.runtime.key_purposes import Purpose
from tradex_core.errors import TradexError
from tradex_core.key_rings import KeyRing, KeyState, RingKey

_KEY_BYTES: Final = 32


class UnknownKey(TradexError):
    """There is no key of that id in the ring."""


class KeyInUse(TradexError):
    """The key is the one that is used, and nothing would be left to take its place."""


@dataclass(frozen=True)
class RingKind:
    """What a ring is for, how a key of it is named, and how it is written.

    `public` writes the halves that others may know, where keys have such and others need them.
    """

    purpose: Purpose
    key_id: Callable[[bytes], str] = field(kw_only=True)
    read: Callable[[str], KeyRing] = field(kw_only=True)
    write: Callable[[KeyRing], str] = field(kw_only=True)
    public: Callable[[KeyRing], str] | None = field(default=None, kw_only=True)


class KeyReport(msgspec.Struct, frozen=True, rename="camel"):
    """What may be told of a key: `until` is when it is replaced, or good for nothing any more."""

    kid: str
    state: KeyState
    since: datetime | None
    until: datetime | None


def reports(kind: RingKind, ring: KeyRing, now: datetime) -> Sequence[KeyReport]:
    """Tell of each key of a ring, the oldest first."""
    keys = sorted(ring.keys, key=lambda each: each.start)
    return [_report(kind, ring, each, now) for each in keys]


def new_key() -> bytes:
    """Return a key nobody knows; any 32 bytes are a private key of Ed25519 and X25519, too."""
    return secrets.token_bytes(_KEY_BYTES)


def rotated(ring: KeyRing, now: datetime, *, after: timedelta) -> KeyRing:
    """Return the ring with a new key that takes over after a while.

    As it is, where another key takes over before that.
    """
    since = (now + after).replace(microsecond=0)
    if any(now < each.start <= since for each in ring.keys):
        return ring
    return ring.joined_by(RingKey(new_key(), since))


def destroyed(kind: RingKind, ring: KeyRing, now: datetime, key_ids: Sequence[str]) -> KeyRing:
    """Return the ring without these keys; without those that are gone, where none is named.

    Raises UnknownKey, and KeyInUse for the current key.
    """
    if not key_ids:
        return ring.without(
            each for each in ring.keys if state_of(kind, ring, each, now) is KeyState.GONE
        )
    known = {kind.key_id(each.key): each for each in ring.keys}
    for kid in key_ids:
        if kid not in known:
            msg = f"there is no key {kid} in the ring; `tradex keys list` tells which are"
            raise UnknownKey(msg)
        if known[kid] == ring.at(now):
            msg = f"{kid} is in use: `tradex keys rotate --after 0s` has a new one take its place"
            raise KeyInUse(msg)
    return ring.without(known[kid] for kid in key_ids)


def state_of(kind: RingKind, ring: KeyRing, key: RingKey, now: datetime) -> KeyState:
    """Return a key's state in a ring of this kind."""
    return ring.state(key, now, good_for=kind.purpose.good_for)


def _report(kind: RingKind, ring: KeyRing, key: RingKey, now: datetime) -> KeyReport:
    state, until = state_of(kind, ring, key, now), ring.replaced_at(key)
    if until is not None and state in (KeyState.RETIRING, KeyState.GONE):
        until += kind.purpose.good_for
    return KeyReport(kind.key_id(key.key), state, key.since, until)
