"""Reading on from where one is, over many partitions: what members and followers have in common."""

import asyncio
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from adapters.memory.log import PartitionLog, TopicLog
from tradex_core.messaging.broker import Partition, Record


class Cursor:
    """Where a reader stands in a partition, and behind which record it has been furthest."""

    __slots__ = ("furthest", "log", "position")

    def __init__(self, log: PartitionLog, position: int) -> None:
        self.log = log
        self.position = position
        self.furthest = position

    def take(self, limit: int) -> list[Record]:
        """Return at most `limit` records and stand behind them."""
        records = self.log.read(self.position, limit)
        if records:
            self.position = records[-1].offset + 1
            self.furthest = max(self.furthest, self.position)
        return records


class Reader:
    """Takes records from the partitions it has cursors in, and waits where there are none."""

    def __init__(self, topics: Iterable[TopicLog]) -> None:
        self.topics = tuple(topics)
        if not self.topics:
            msg = "name at least one topic to read"
            raise ValueError(msg)
        self.cursors: Mapping[Partition, Cursor] = {}
        self.is_open = True
        self._news = asyncio.Event()
        self._turn = 0

    def wake(self) -> None:
        """Look again whether there is something to read."""
        self._news.set()

    def close(self) -> None:
        """End what waits, and read nothing more."""
        self.is_open = False
        self.cursors = {}
        self._news.set()

    async def take(self, limit: int) -> Sequence[Record]:
        """Wait for records and return at most `limit`; none once closed.

        Nothing is lost by cancelling it: the cursors move only when it returns. Raises ValueError
        for a limit below 1.
        """
        if limit < 1:
            msg = f"at least 1 record must be asked for, not {limit}"
            raise ValueError(msg)
        # Others get their turn first, also where records never run out.
        await asyncio.sleep(0)
        while self.is_open:
            self._news.clear()
            if records := self._take(limit):
                return records
            await self._news.wait()
        return ()

    def _take(self, limit: int) -> list[Record]:
        ready = [cursor for cursor in self.cursors.values() if cursor.log.end > cursor.position]
        if not ready:
            return []
        self._turn += 1
        turn = self._turn % len(ready)
        share = max(limit // len(ready), 1)
        records: list[Record] = []
        for most in (share, limit):
            for cursor in (*ready[turn:], *ready[:turn]):
                room = min(most, limit - len(records))
                if room:
                    records += cursor.take(room)
        return records


class Ending:
    """Ends something once: when it is called, or soon after its owner was dropped.

    To be made where the event loop runs, that of the owner.
    """

    def __init__(self, owner: object, end: Callable[[], None]) -> None:
        self._end = end
        self._dropped = weakref.finalize(owner, _end_soon, asyncio.get_running_loop(), end)
        self._dropped.atexit = False

    def __call__(self) -> None:
        if self._dropped.detach():
            self._end()


def _end_soon(loop: AbstractEventLoop, end: Callable[[], None]) -> None:
    # The garbage collector calls from any thread, in the middle of anything. Where the loop is
    # closed, there is nobody left to whom it matters.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(end)
