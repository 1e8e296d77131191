"""Finds a key that stands twice in one JSON object: two readers may each take another of them."""

from collections.abc import Iterator
from json import JSONDecoder
from typing import Any, Final

_Pairs = list[tuple[str, Any]]


class _RepeatedKey(Exception):
    """Some object names a key twice."""


def _require_single(pairs: _Pairs) -> None:
    if len(dict(pairs)) < len(pairs):
        raise _RepeatedKey


class _Object:
    """An object as it is written: its keys and values in order."""

    def __init__(self, pairs: _Pairs) -> None:
        self.pairs = pairs


# Numbers are of no interest, and to make one of many digits takes long.
_look: Final = JSONDecoder(
    object_pairs_hook=_require_single, parse_int=str, parse_float=str
).raw_decode
_read: Final = JSONDecoder(object_pairs_hook=_Object, parse_int=str, parse_float=str).decode


def repeated_key(data: bytes) -> str | None:
    """Return a JSON Pointer (RFC 6901) to the first key that stands twice in an object, if any.

    `data` is JSON in UTF-8 whose depth was looked at before.
    """
    text = data.decode()
    try:
        _look(text.lstrip())
    except _RepeatedKey:
        return next(_repeated(_read(text), ""))
    return None


def _repeated(value: object, path: str) -> Iterator[str]:
    if isinstance(value, _Object):
        seen = set()
        for key, inner in value.pairs:
            pointer = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key in seen:
                yield pointer
            seen.add(key)
            yield from _repeated(inner, pointer)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _repeated(inner, f"{path}/{place}")
