"""How much memory objects take, with all that they hold and others do not."""

import sys
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping
from functools import cache
from typing import Final, cast

import msgspec

_LEAVES: Final = (str, bytes, int, float, msgspec.Raw)
_NOBODYS: Final = (type, bool, type(None))
_RAW: Final = 64


class Sizes:
    """Adds up objects' sizes, in bytes; what was counted once is not counted again."""

    def __init__(self) -> None:
        self._seen: dict[int, object] = {}
        """By their ids; held, so that no other object gets the id of one that was counted."""

    def of(self, root: object) -> int:
        """Return the size of an object and of what it refers to, but for what was counted."""
        total, waiting = 0, [root]
        while waiting:
            thing = waiting.pop()
            if id(thing) in self._seen or isinstance(thing, _NOBODYS):
                continue
            self._seen[id(thing)] = thing
            total += _own_size(thing)
            if not isinstance(thing, _LEAVES):
                waiting.extend(parts(thing))
        return total


def _own_size(thing: object) -> int:
    if isinstance(thing, msgspec.Raw):  # its __sizeof__ does not tell
        return _RAW + sys.getsizeof(bytes(thing))
    return sys.getsizeof(thing)


def parts(thing: object) -> Iterable[object]:
    """Return what an object refers to; modules, functions and the like are nobody's own."""
    if isinstance(thing, Mapping):
        return [*thing.keys(), *thing.values()]
    if isinstance(thing, list | tuple | set | frozenset | deque):
        return thing
    if isinstance(thing, msgspec.Struct):
        return [getattr(thing, name) for name in thing.__struct_fields__]
    return list(_attributes(thing))


def _attributes(thing: object) -> Iterator[object]:
    for name in _slots_of(cast("Hashable", type(thing))):
        if hasattr(thing, name):
            yield getattr(thing, name)
    if type(thing).__module__.startswith(_OURS) and hasattr(thing, "__dict__"):
        yield vars(thing)


_OURS: Final = ("adapters.", "tradex_core.", "tests.")


@cache
def _slots_of(kind: type) -> tuple[str, ...]:
    return tuple(
        name
        for base in kind.__mro__
        for name in base.__dict__.get("__slots__", ())
        if not name.startswith("__")
    )
