"""Bulkheads: each kind of work has so many places of its own, and none can take another's."""

from types import TracebackType

from tradex_core.operations.errors import Unavailable


class Bulkhead:
    """So many places for one kind of work: who finds none is turned away at once, and never queued.

    `full` says so in one sentence. A place is taken by entering `place()`.
    """

    def __init__(self, full: str, *, places: int) -> None:
        self._full = full
        self._places = places
        self._taken = 0

    @property
    def is_full(self) -> bool:
        """Whether there is no place."""
        return self._taken >= self._places

    def require_room(self) -> None:
        """Raise Unavailable, which says when to come back, where there is no place."""
        if self.is_full:
            raise Unavailable(self._full, certain=True)

    def place(self) -> "Bulkhead":
        """Return what to enter for a place; entering raises Unavailable where there is none."""
        return self

    def __enter__(self) -> None:
        self.require_room()
        self._taken += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._taken -= 1
