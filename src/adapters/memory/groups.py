"""Consumer groups: who reads which partition, and up to where each was committed."""

from collections import Counter
from collections.abc import Callable, Sequence

from adapters.memory.log import PartitionLog
from adapters.memory.reader import Cursor, Ending, Reader
from tradex_core.messaging.broker import Partition, Record


class Group:
    """Members share the partitions of their topics evenly; what was committed outlives them.

    A rebalance takes effect at once, and moves as few partitions as it can: who keeps one reads on,
    who gets one begins at the committed offset.
    """

    def __init__(self) -> None:
        self.committed: dict[Partition, int] = {}
        self._members: list[Reader] = []

    @property
    def size(self) -> int:
        """How many members it has."""
        return len(self._members)

    def join(self, member: Reader) -> None:
        """Take a member in and give it its share."""
        self._members.append(member)
        self._rebalance()

    def leave(self, member: Reader) -> None:
        """Give a member's partitions to the others."""
        self._members.remove(member)
        self._rebalance()

    def commit(self, member: Reader, records: Sequence[Record]) -> None:
        """Commit the offsets behind these records, never back.

        Dropped are those that the member has not fetched since it got their partition: it may
        have lost it meanwhile, and whoever had it then may stand elsewhere.
        """
        ends: dict[Partition, int] = {}
        for record in records:
            partition = (record.topic, record.partition)
            if record.offset >= ends.get(partition, 0):
                ends[partition] = record.offset + 1
        for partition, end in ends.items():
            cursor = member.cursors.get(partition)
            if cursor is not None and self.committed.get(partition, 0) < end <= cursor.furthest:
                self.committed[partition] = end

    def rewind(self, member: Reader) -> None:
        """Put a member back to the committed offsets."""
        for cursor in member.cursors.values():
            cursor.position = self._start(cursor.log)
        member.wake()

    def _start(self, log: PartitionLog) -> int:
        return self.committed.get(log.id, log.first)

    def _rebalance(self) -> None:
        shares = _shares(self._members)
        for member in self._members:
            member.cursors = {
                partition: member.cursors.get(partition) or Cursor(log, self._start(log))
                for partition, (owner, log) in shares.items()
                if owner is member
            }
            member.wake()


def _shares(members: Sequence[Reader]) -> dict[Partition, tuple[Reader, PartitionLog]]:
    """Give each partition an owner, so that no member has two fewer than one it could relieve."""
    takers: dict[PartitionLog, list[Reader]] = {}
    for member in members:
        for topic in member.topics:
            for log in topic.partitions:
                takers.setdefault(log, []).append(member)
    owners = {partition: member for member in members for partition in member.cursors}
    load = Counter(owners.values())

    def idlest(log: PartitionLog) -> Reader:
        return min(takers[log], key=load.__getitem__)

    def gap(log: PartitionLog) -> int:
        return load[owners[log.id]] - load[idlest(log)]

    for log in takers:
        if log.id not in owners:
            owners[log.id] = idlest(log)
            load[owners[log.id]] += 1
    while takers and gap(widest := max(takers, key=gap)) > 1:
        load[owners[widest.id]] -= 1
        owners[widest.id] = idlest(widest)
        load[owners[widest.id]] += 1
    return {log.id: (owners[log.id], log) for log in takers}


class MemorySubscription:
    """A member of a group until it is closed, abandoned, or dropped by whoever held it."""

    def __init__(self, group: Group, reader: Reader, leave: Callable[[], None]) -> None:
        self._group = group
        self._reader = reader
        self._leave = Ending(self, leave)

    async def fetch(self, *, limit: int) -> Sequence[Record]:
        return await self._reader.take(limit)

    async def commit(self, records: Sequence[Record]) -> None:
        self._group.commit(self._reader, records)

    async def rewind(self) -> None:
        self._group.rewind(self._reader)

    async def close(self) -> None:
        self._leave()

    def abandon(self) -> None:
        """Leave at once and without a word, as a process that crashes does."""
        self._leave()
