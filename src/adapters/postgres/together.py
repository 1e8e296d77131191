"""Lets questions that come while another is being answered go to the server as one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Together(Generic[T, R]):
    """Asks for many items at once what many callers ask for one by one.

    A round begins after every question in it was put, so that each sees what was committed before.
    `answers` gives one answer an item, in their order; what it raises, all of its round are told.
    """

    def __init__(self, answers: Callable[[Sequence[T]], Awaitable[Sequence[R]]]) -> None:
        self._answers = answers
        self._items: list[T] = []
        self._round: asyncio.Task[Sequence[R]] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def ask(self, items: Sequence[T]) -> Sequence[R]:
        """Return the answers to these items; who is cancelled leaves the others' round alone."""
        if self._round is None:
            self._items = []
            self._round = asyncio.create_task(self._answer(self._items))
            self._round.add_done_callback(_noticed)
        first = len(self._items)
        self._items.extend(items)
        answers = await asyncio.shield(self._round)
        return answers[first : first + len(items)]

    async def _answer(self, items: Sequence[T]) -> Sequence[R]:
        async with self._one_at_a_time:
            self._round = None
            return await self._answers(items)


def _noticed(answering: asyncio.Task[Any]) -> None:
    """Let a failure pass that nobody waits for any more."""
    if not answering.cancelled():
        answering.exception()
