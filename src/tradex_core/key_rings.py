"""Rings of secret keys: one is used, and whatever others made is good for as long as it may last.

A key takes over at a time that is written beside it, so that processes which read a ring at
different moments use the same key at the same time, and know it well before.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

_ALWAYS = datetime.min.replace(tzinfo=UTC)
_FIRST_YEAR, _LAST_YEAR = 1970, 9000
_BETWEEN = re.compile(r"[,\s]+")


class KeyState(StrEnum):
    """What a key is used for: not yet, now, only for what it made, for nothing any more."""

    NEXT = "next"
    CURRENT = "current"
    RETIRING = "retiring"
    GONE = "gone"


@dataclass(frozen=True)
class RingKey:
    """A key, and since when it is used: None where it has always been."""

    key: bytes = field(repr=False)
    since: datetime | None = None

    @property
    def start(self) -> datetime:
        """Since when it is used, to compare with."""
        return self.since or _ALWAYS


@dataclass(frozen=True, repr=False)
class KeyRing:
    """Keys of one purpose; of those that take over at the same time the first is used.

    Raises ValueError, without showing any, where there is none or one is there twice.
    """

    keys: tuple[RingKey, ...]

    def __post_init__(self) -> None:
        """Check that it is a ring."""
        if not self.keys:
            msg = "there is no key in it"
            raise ValueError(msg)
        if len({each.key for each in self.keys}) < len(self.keys):
            msg = "a key is in it twice; take one of them out"
            raise ValueError(msg)

    def __repr__(self) -> str:
        return "***"

    @classmethod
    def of(cls, *keys: bytes) -> Self:
        """Return a ring of keys without times: the first is used, the others are good."""
        return cls(tuple(RingKey(key) for key in keys))

    @classmethod
    def parse(cls, text: str, read_key: Callable[[str], bytes]) -> Self:
        """Read keys separated by commas or line ends, `@` and a time behind those that have one.

        Raises ValueError, which shows nothing of them.
        """
        return cls(tuple(_read(entry, read_key) for entry in _BETWEEN.split(text.strip())))

    def format(self, write_key: Callable[[bytes], str]) -> str:
        """Return the ring as `parse` reads it, a key a line."""
        return "".join(f"{write_key(each.key)}{_time(each.since)}\n" for each in self.keys)

    def at(self, instant: datetime) -> RingKey:
        """Return the key that is used at an instant; before any is, the first that will be."""
        if len(self.keys) == 1:
            return self.keys[0]
        begun = [each for each in self.keys if each.start <= instant]
        return max(begun, key=_start) if begun else min(self.keys, key=_start)

    def replaced_at(self, key: RingKey) -> datetime | None:
        """Return when another takes over from a key; None where none does."""
        later = (each.since for each in self.keys if each.since and each.start > key.start)
        return min(later, default=None)

    def state(self, key: RingKey, now: datetime, *, good_for: timedelta) -> KeyState:
        """Return the state of a key whose work is good for so long after it was replaced."""
        if key == self.at(now):
            return KeyState.CURRENT
        if key.start > now:
            return KeyState.NEXT
        replaced = self.replaced_at(key)
        if replaced is None or now < replaced + good_for:
            return KeyState.RETIRING
        return KeyState.GONE

    def in_force(self, now: datetime, *, good_for: timedelta) -> Self:
        """Return the ring without the keys that are gone, and the current one first."""
        current = self.at(now)
        others = (
            each
            for each in self.keys
            if self.state(each, now, good_for=good_for) in (KeyState.NEXT, KeyState.RETIRING)
        )
        return type(self)((current, *others))

    def joined_by(self, key: RingKey) -> Self:
        """Return the ring with one key more."""
        return type(self)((*self.keys, key))

    def without(self, keys: Iterable[RingKey]) -> Self:
        """Return the ring with fewer keys; raises ValueError where none would be left."""
        gone = set(keys)
        return type(self)(tuple(each for each in self.keys if each not in gone))

    def derived(self, derive: Callable[[bytes], bytes]) -> Self:
        """Return the ring of what is derived from each key, with its time."""
        return type(self)(tuple(RingKey(derive(each.key), each.since) for each in self.keys))


def _start(key: RingKey) -> datetime:
    return key.start


def _time(since: datetime | None) -> str:
    return "" if since is None else f"@{since:%Y-%m-%dT%H:%M:%SZ}"


def _read(entry: str, read_key: Callable[[str], bytes]) -> RingKey:
    text, at, time = entry.partition("@")
    return RingKey(read_key(text), _read_time(time) if at else None)


def _read_time(text: str) -> datetime:
    msg = "what stands behind a key's @ is not a time such as 2026-01-31T12:00:00Z"
    try:
        read = datetime.fromisoformat(text)
        at = read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(msg) from None
    if read.tzinfo is None or not _FIRST_YEAR <= at.year <= _LAST_YEAR:
        raise ValueError(msg)
    # Ids carry milliseconds: a key that began within one would be another's at its start.
    return at.replace(microsecond=0)
