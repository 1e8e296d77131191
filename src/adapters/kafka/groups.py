"""Consumer groups: who reads which partition, and up to where each was committed."""

import asyncio
import logging
import weakref
from collections.abc import Mapping, Sequence
from functools import partial
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
_HEARD_WITHIN_SECONDS: Final = 5.0
"""After so long a commit is sent anew: librdkafka may hold one back that met a broker's end."""
_UNHEARD: Final = KafkaError(KafkaError._TIMED_OUT)  # noqa: SLF001 - so librdkafka names it

_log = logging.getLogger("tradex.kafka")


Answers = list[asyncio.Future[None]]


class MemberThread(ReadingThread):
    """Owns a member's consumer, and knows what is the member's to commit.

    `joined` is done once it has partitions. It never waits for a commit: librdkafka may hold one
    back until a rebalance is over, and that waits for the member to poll.
    """

    def __init__(
        self, settings: KafkaSettings, group: str, topics: Sequence[str], *, capacity: int
    ) -> None:
        configuration = {**settings.member(group), "on_commit": self._heard}
        super().__init__(f"a member of {group}", configuration, capacity=capacity)
        self._topics = list(topics)
        self._timeout = settings.request_timeout.total_seconds()
        self._committed: dict[Partition, int] = {}
        self._owed: dict[Partition, int] = {}
        self._sent: dict[Partition, int] = {}
        self._sent_at = 0.0
        self._unanswered: Answers = []
        self._answered_by_sent: Answers = []
        self._try_again_at = 0.0
        self.joined: asyncio.Future[None] = self._loop.create_future()

    def commit(self, ends: Offsets, answer: asyncio.Future[None]) -> None:
        """Commit these offsets, never back, of what is the member's and was handed out to it.

        What the group refuses while it rebalances is tried again for as long as its partition is
        the member's. The answer is an Outage where the brokers are away; what could not be
        committed is tried again then too.
        """
        self._owed |= ends
        self._unanswered.append(answer)
        self._commit_owed()

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
        now = monotonic()
        if self._sent and now > self._sent_at + _HEARD_WITHIN_SECONDS:
            self._settle(dict.fromkeys(self._sent, _UNHEARD))
        if self._owed and now > self._try_again_at:
            self._commit_owed()

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
        """Send what is owed, one commit after the other, and answer where nothing is."""
        if self._sent:
            return
        self._sent = {
            partition: end
            for partition, end in self.handover.handed_out(self._owed).items()
            if end > self._committed.get(partition, 0)
        }
        self._owed = {}
        self._answered_by_sent, self._unanswered = self._unanswered, []
        if not self._sent:
            self._answer(None)
            return
        self._sent_at, self._expects_answer = monotonic(), True
        offsets = [TopicPartition(*partition, end) for partition, end in self._sent.items()]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self._settle(dict.fromkeys(self._sent, cause_of(error)))

    def _heard(self, error: KafkaError | None, answers: list[TopicPartition]) -> None:
        """Hear what became of a commit, in `poll`; of one that was sent anew it is too late."""
        if {(each.topic, each.partition): each.offset for each in answers} == self._sent:
            errors = {(each.topic, each.partition): each.error or error for each in answers}
            self._settle({p: found for p, found in errors.items() if found is not None})

    def _settle(self, refused: Mapping[Partition, KafkaError]) -> None:
        """Note what was committed, owe the rest, and answer; of what is lost nothing is noted."""
        sent = {p: end for p, end in self._sent.items() if p in self._partitions}
        self._sent, self._expects_answer = {}, False
        self._committed |= {p: end for p, end in sent.items() if p not in refused}
        away = None
        if refused:
            error = next(iter(refused.values()))
            self._owed = {p: end for p, end in sent.items() if p in refused} | self._owed
            self._try_again_at = monotonic() + _TRY_AGAIN_SECONDS
            _log.info("%s: not committed yet: %s (%s)", self._name, error.str(), error.name())
            if error.name() in _AWAY:
                away = no_answer(error, asked=f"commit for {self._name}")
        self._answer(away)

    def _answer(self, error: Exception | None) -> None:
        answers, self._answered_by_sent = self._answered_by_sent, []
        for answer in answers:
            if error is None:
                self.answer(answer, None)
            else:
                self.fail(answer, error)


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
            commit = partial(self._thread.commit, ends)
            await self._thread.ask_for(commit, within=self._within)

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
