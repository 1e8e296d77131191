"""Views lag behind what happened: waiting, for a moment, until they show it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

T = TypeVar("T")

MOMENT: Final = 1.0
"""In seconds; for longer nobody is held up."""

_FIRST_PAUSE: Final = 0.002
_LONGEST_PAUSE: Final = 0.05


async def shown_soon(look: Callable[[], Awaitable[T | None]]) -> T | None:
    """Return the first that `look` finds; None where it finds nothing for a moment."""
    loop = asyncio.get_running_loop()
    patience_ends = loop.time() + MOMENT
    pause = _FIRST_PAUSE
    while (found := await look()) is None:
        if loop.time() >= patience_ends:
            return None
        await asyncio.sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    return found
