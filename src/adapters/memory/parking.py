"""Parked messages in memory: a queue per lane."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from tradex_core.messaging.parking import Lane, Parked


class MemoryParking:
    """Lanes and what is parked in them; it changes only inside a commit."""

    def __init__(self) -> None:
        self._lanes: dict[Lane, list[Parked]] = {}
        self._held: set[Lane] = set()

    def __len__(self) -> int:
        return sum(len(queue) for queue in self._lanes.values())

    async def count(self) -> int:
        """Return how many messages are parked."""
        return len(self)

    def occupied(self, lane: Lane) -> bool:
        """Whether a lane is held or something is parked in it."""
        return lane in self._lanes or lane in self._held

    def contains(self, parked: Parked) -> bool:
        """Whether exactly this is parked."""
        return any(entry == parked for entry in self._lanes.get(parked.lane, ()))

    def put(self, parked: Parked) -> None:
        """Append to the lane, or replace what is parked there of the same record."""
        queue = self._lanes.setdefault(parked.lane, [])
        for place, entry in enumerate(queue):
            if entry.record.position == parked.record.position:
                queue[place] = parked
                return
        queue.append(parked)

    def remove(self, parked: Parked) -> None:
        """Take a record out of its lane."""
        position = parked.record.position
        left = [e for e in self._lanes.get(parked.lane, ()) if e.record.position != position]
        if left:
            self._lanes[parked.lane] = left
        else:
            self._lanes.pop(parked.lane, None)

    def hold(self, lane: Lane) -> None:
        """Let nothing in a lane go on."""
        self._held.add(lane)

    def release(self, lane: Lane) -> None:
        """Let a lane go on."""
        self._held.discard(lane)

    async def due(self, consumer: str, *, now: datetime, limit: int) -> Sequence[Parked]:
        """Return the heads of lanes whose time has come, but of held lanes, oldest first."""
        heads = [head for head in self._heads(consumer) if head.next_attempt_at <= now]
        return sorted(heads, key=lambda head: head.next_attempt_at)[:limit]

    async def next_due(self, consumer: str) -> datetime | None:
        """Return when the next head of a lane that is not held is due; None where there is none."""
        return min((head.next_attempt_at for head in self._heads(consumer)), default=None)

    async def all_parked(self, consumer: str) -> Sequence[Parked]:
        """Return everything that is parked, in order per lane."""
        lanes = [queue for lane, queue in self._lanes.items() if lane.consumer == consumer]
        return [parked for queue in lanes for parked in queue]

    def _heads(self, consumer: str) -> Iterator[Parked]:
        for lane, queue in self._lanes.items():
            if lane.consumer == consumer and lane not in self._held:
                yield queue[0]
