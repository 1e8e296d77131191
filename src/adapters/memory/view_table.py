"""One collection of views in memory, with the sorted lists from which its pages are read."""

import asyncio
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, TypeVar

from tradex_core.views.listing import Page, Position

V = TypeVar("V")
Entry = tuple[int | str, str]
"""A row's sort key and its id: what a list is sorted by, ascending."""

_CHUNK = 256
"""How many rows a page looks at before other tasks get their turn."""


class ViewTable(Generic[V]):
    """Views by id. `places` names the lists in which a view stands, and its entry in each.

    `facts` returns what the places of a view depend on: while that stays, so do they. Finding a
    place in a list of n rows costs O(log n); an entry made or taken out in its middle moves the
    references behind it, which at 100,000 rows is some ten microseconds.
    """

    def __init__(
        self,
        facts: Callable[[V], object] = lambda _view: None,
        places: Callable[[V], Iterable[tuple[Hashable, Entry]]] = lambda _view: (),
    ) -> None:
        self._facts = facts
        self._places = places
        self._views: dict[str, V] = {}
        self._lists: dict[Hashable, list[Entry]] = {}

    def get(self, key: str) -> V | None:
        """Return a view by its id, or None."""
        return self._views.get(key)

    def put(self, key: str, view: V) -> None:
        """Replace a view, or add a new one, and move it to its places."""
        former = self._views.get(key)
        if former is None or self._facts(former) != self._facts(view):
            before = set() if former is None else set(self._places(former))
            places = set(self._places(view))
            for name, entry in before - places:
                self._take_out(name, entry)
            for name, entry in places - before:
                insort(self._lists.setdefault(name, []), entry)
        self._views[key] = view

    def drop(self, key: str) -> None:
        """Let go of a view, and of its places; does nothing where there is none."""
        view = self._views.pop(key, None)
        if view is not None:
            for name, entry in set(self._places(view)):
                self._take_out(name, entry)

    async def page(
        self,
        lists: Iterable[Hashable],
        accepted: Callable[[V], bool],
        *,
        after: Position | None,
        limit: int,
        descending: bool,
    ) -> Page[V]:
        """Return accepted rows of the shortest of these lists, behind a position or from its start.

        Every list must hold all the rows that are accepted.
        """
        name = min(lists, key=lambda name: len(self._lists.get(name, ())))
        found: list[V] = []
        last = after
        while True:
            chunk = self._behind(name, after, descending=descending)
            for key, row_id in chunk:
                view = self._views[row_id]
                if accepted(view):
                    if len(found) == limit:
                        return Page(items=tuple(found), next=last)
                    found.append(view)
                    last = Position(key=key, id=row_id)
            if len(chunk) < _CHUNK:
                return Page(items=tuple(found), next=None)
            after = Position(*chunk[-1])
            await asyncio.sleep(0)

    def _behind(
        self, name: Hashable, after: Position | None, *, descending: bool
    ) -> Sequence[Entry]:
        entries = self._lists.get(name, [])
        if descending:
            end = len(entries) if after is None else bisect_left(entries, (after.key, after.id))
            return entries[max(0, end - _CHUNK) : end][::-1]
        start = 0 if after is None else bisect_right(entries, (after.key, after.id))
        return entries[start : start + _CHUNK]

    def _take_out(self, name: Hashable, entry: Entry) -> None:
        entries = self._lists[name]
        del entries[bisect_left(entries, entry)]
        if not entries:
            del self._lists[name]
