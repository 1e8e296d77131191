"""What comes up in one turn of the event loop, taken together at its end."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class AtTurnsEnd(Generic[T]):
    """Hands over at the end of a turn of the event loop what it was given in it, in order.

    Done together, the same things take a fraction of what they take one by one among others.
    """

    def __init__(self, hand_over: Callable[[Sequence[T]], None]) -> None:
        self._hand_over = hand_over
        self._kept: list[T] = []

    def add(self, *items: T) -> None:
        """Keep items until then; they are handed over at once where there is no event loop."""
        is_first = not self._kept
        self._kept += items
        if is_first:
            self._soon()

    def _soon(self) -> None:
        try:
            asyncio.get_running_loop().call_soon(self._end)
        except RuntimeError:
            self._end()

    def _end(self) -> None:
        kept, self._kept = self._kept, []
        self._hand_over(kept)
