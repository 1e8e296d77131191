"""Reading on from where one is, over many partitions: what members and followers have in common."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

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
    """Takes records from the partitions it has cursors in, and waits where there are none.

    `cursors` is replaced, never changed: a member that the garbage collector finds leaves its group
    at any moment, in the middle of another's reading too.
    """

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
