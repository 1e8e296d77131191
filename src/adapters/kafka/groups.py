"""Consumer groups: who reads which partition, and up to where each was committed."""

import asyncio
import logging
import weakref
from collections.abc import Sequence
from time import monotonic
from typing import Final

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)

from adapters.kafka.faults import cause_of, no_answer
from adapters.kafka.reader import ReadingThread, positions
from adapters.kafka.settings import KafkaSettings
from tradex_core.messaging.broker import Offsets, Partition, Record

_AWAY: Final = frozenset(
    {
        "COORDINATOR_LOAD_IN_PROGRESS",
        "COORDINATOR_NOT_AVAILABLE",
        "GROUP_AUTHORIZATION_FAILED",
        "NOT_COORDINATOR",
        "REQUEST_TIMED_OUT",
        "_ALL_BROKERS_DOWN",
        "_TIMED_OUT",
        "_TRANSPORT",
        "_WAIT_COORD",
    }
)
"""Why offsets are not committed that could be at the next try; else the group is rebalancing."""

_TRY_AGAIN_SECONDS: Final = 0.2

_log = logging.getLogger("tradex.kafka")


class MemberThread(ReadingThread):
    """Owns a member's consumer, and knows what is the member's to commit.

    `joined` is done once it has partitions.
    """

    def __init__(
        self, settings: KafkaSettings, group: str, topics: Sequence[str], *, capacity: int
    ) -> None:
        super().__init__(f"a member of {group}", settings.member(group), capacity=capacity)
        self._topics = list(topics)
        self._timeout = settings.request_timeout.total_seconds()
        self._committed: dict[Partition, int] = {}
        self._owed: dict[Partition, int] = {}
        self._try_again_at = 0.0
        self.joined: asyncio.Future[None] = self._loop.create_future()

    def commit(self, ends: Offsets) -> None:
        """Commit these offsets, never back, of what is the member's and was handed out to it.

        What the group refuses while it rebalances is tried again for as long as its partition is
        the member's. Raises Outage; what it could not commit is tried again too.
        """
        self._owed |= ends
        try:
            self._commit_owed()
        except KafkaException as error:
            raise no_answer(cause_of(error), asked=f"commit for {self._name}") from error

    def rewind(self) -> None:
        """Go back to the committed offsets; raises Outage, and then goes back where it can."""
        try:
            starts = self._consumer.committed(positions(self._partitions), timeout=self._timeout)
            for start in starts:
                offset = start.offset if start.offset >= 0 else OFFSET_BEGINNING
                self._consumer.seek(TopicPartition(start.topic, start.partition, offset))
                self.handover.clear((start.topic, start.partition))
        except KafkaException as error:
            raise no_answer(cause_of(error), asked=f"rewind {self._name}") from error

    def _begin(self) -> None:
        self._consumer.subscribe(
            self._topics, on_assign=self._gained, on_revoke=self._revoked, on_lost=self._revoked
        )

    def _turn(self) -> None:
        super()._turn()
        if self._owed and monotonic() > self._try_again_at:
            try:
                self._commit_owed()
            except KafkaException as error:
                _log.info("%s: %s", self._name, cause_of(error).str())

    def _gained(self, consumer: Consumer, gained: list[TopicPartition]) -> None:
        consumer.incremental_assign(gained)
        self._partitions |= {(each.topic, each.partition) for each in gained}
        if self._is_paused:
            consumer.pause(gained)
        if gained:
            self.answer(self.joined, None)

    def _revoked(self, consumer: Consumer, revoked: list[TopicPartition]) -> None:
        # Nothing is waited for: what was not committed goes to the next owner. That it is
        # unassigned is seen to by confluent-kafka, which knows how, also while closing.
        lost = {(each.topic, each.partition) for each in revoked}
        self._partitions -= lost
        self.handover.drop(lost)
        for partition in lost:
            self._committed.pop(partition, None)
            self._owed.pop(partition, None)

    def _commit_owed(self) -> None:
        ends = {
            partition: end
            for partition, end in self.handover.handed_out(self._owed).items()
            if end > self._committed.get(partition, 0)
        }
        self._owed = {}
        if not ends:
            return
        offsets = [TopicPartition(*partition, end) for partition, end in ends.items()]
        try:
            answers = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            self._refused(cause_of(error), ends)
            return
        refused = {(each.topic, each.partition): each.error for each in answers if each.error}
        self._committed |= {p: end for p, end in ends.items() if p not in refused}
        if refused:
            self._refused(next(iter(refused.values())), {p: ends[p] for p in refused})

    def _refused(self, error: KafkaError, ends: Offsets) -> None:
        self._owed |= ends
        self._try_again_at = monotonic() + _TRY_AGAIN_SECONDS
        if error.name() in _AWAY:
            raise KafkaException(error)
        _log.info("%s: not committed yet: %s (%s)", self._name, error.str(), error.name())


class KafkaSubscription:
    """A member of a group until it is closed, abandoned, or dropped by whoever held it."""

    def __init__(self, thread: MemberThread, settings: KafkaSettings) -> None:
        self._thread = thread
        self._within = 2 * settings.request_timeout
        self._close_within = settings.close_timeout
        self._is_open = True
        self._dropped = weakref.finalize(self, thread.stop)
        self._dropped.atexit = False

    async def fetch(self, *, limit: int) -> Sequence[Record]:
        return await self._thread.handover.take(limit)

    async def commit(self, records: Sequence[Record]) -> None:
        ends: dict[Partition, int] = {}
        for record in records:
            partition = (record.topic, record.partition)
            ends[partition] = max(record.offset + 1, ends.get(partition, 0))
        if ends and self._is_open:
            await self._thread.ask(lambda: self._thread.commit(ends), within=self._within)

    async def rewind(self) -> None:
        if self._is_open:
            await self._thread.ask(self._thread.rewind, within=self._within)

    async def close(self) -> None:
        self._is_open = False
        self._thread.handover.close()
        await self._thread.stopped(within=self._close_within)

    async def abandon(self) -> None:
        """Leave without a word, as a process that crashes does."""
        self._is_open = False
        self._thread.handover.close()
        self._thread.abandon()
        await self._thread.stopped(within=self._close_within)
