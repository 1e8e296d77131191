"""Records on their way from the thread that reads them to the event loop that handles them."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from threading import Lock

from tradex_core.messaging.broker import Partition, Record


class Handover:
    """Holds `capacity` records and a few, and takes back those of partitions that are lost.

    The thread puts, drops and fails; the event loop takes. `taken` is called in the loop when the
    thread should look again: there is room, or somebody waits.
    """

    def __init__(self, *, capacity: int, taken: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._capacity = capacity
        self._taken = taken
        self._lock = Lock()
        self._news = asyncio.Event()
        self._records: deque[Record] = deque()
        self._furthest: dict[Partition, int] = {}
        self._error: Exception | None = None
        self._failure: Exception | None = None
        self._is_open = True
        self.wanted = False

    @property
    def room(self) -> int:
        """How many records more it holds."""
        return self._capacity - len(self._records)

    async def take(self, limit: int) -> Sequence[Record]:
        """Wait for records and return at most `limit`; none once closed.

        Raises what the thread reported or failed with. Nothing is lost by cancelling it. Raises
        ValueError for a limit below 1.
        """
        if limit < 1:
            msg = f"at least 1 record must be asked for, not {limit}"
            raise ValueError(msg)
        # Others get their turn first, also where records never run out.
        await asyncio.sleep(0)
        while self._is_open:
            self._news.clear()
            if records := self._take(limit):
                self._taken()
                return records
            self._taken()
            await self._news.wait()
        return ()

    def _take(self, limit: int) -> list[Record]:
        with self._lock:
            error, self._error = self._error, self._failure
            if error is not None and self._is_open:
                raise error
            records = [self._records.popleft() for _ in range(min(limit, len(self._records)))]
            for partition, end in {(r.topic, r.partition): r.offset + 1 for r in records}.items():
                self._furthest[partition] = max(end, self._furthest.get(partition, 0))
            self.wanted = not records
        return records

    def put(self, records: Collection[Record]) -> None:
        """Add records at the end, in order per partition."""
        if records:
            with self._lock:
                self._records.extend(records)
                self.wanted = False
            self._tell()

    def drop(self, partitions: Collection[Partition]) -> None:
        """Hand out nothing more of these partitions, and forget what was handed out."""
        with self._lock:
            kept = [r for r in self._records if (r.topic, r.partition) not in partitions]
            self._records = deque(kept)
            for partition in partitions:
                self._furthest.pop(partition, None)

    def clear(self, partition: Partition) -> None:
        """Hand out nothing of what is held of a partition."""
        with self._lock:
            kept = [r for r in self._records if (r.topic, r.partition) != partition]
            self._records = deque(kept)

    def handed_out(self, ends: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return those offsets up to which their partition was handed out since it was gained."""
        with self._lock:
            return {p: end for p, end in ends.items() if end <= self._furthest.get(p, 0)}

    def report(self, error: Exception) -> None:
        """Have the next `take`, or the one that waits, raise this."""
        with self._lock:
            self._error = error
            self.wanted = False
        self._tell()

    def fail(self, error: Exception) -> None:
        """Have every `take` from now on raise this."""
        self._failure = error
        self.report(error)

    def close(self) -> None:
        """End what waits, and hand out nothing more."""
        with self._lock:
            self._is_open = False
            self._records.clear()
            self._furthest.clear()
        self._tell()

    def _tell(self) -> None:
        with suppress(RuntimeError):  # the loop is over, and nobody waits
            self._loop.call_soon_threadsafe(self._news.set)
