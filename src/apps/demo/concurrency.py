"""Many things at once, and never more than so many."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def each(things: Iterable[T], work: Callable[[T], Awaitable[R]], *, at_once: int) -> list[R]:
    """Do the work on every thing and return the results in order; the first failure ends it all."""
    places = asyncio.Semaphore(at_once)

    async def one(thing: T) -> R:
        async with places:
            return await work(thing)

    tasks: list[asyncio.Task[R]] = []
    try:
        async with asyncio.TaskGroup() as group:
            tasks += [group.create_task(one(thing)) for thing in things]
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
