"""The broker on Kafka: publishes, joins groups, follows, reads and makes topics."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from adapters.kafka.asking import answers_of
from adapters.kafka.commits import CommitsThread
from adapters.kafka.faults import Faults, cause_of, closed, no_answer, no_topic
from adapters.kafka.follower import FollowingThread, KafkaFollower
from adapters.kafka.groups import KafkaSubscription, MemberThread
from adapters.kafka.log import LogThread
from adapters.kafka.producer import KafkaProducer
from adapters.kafka.reader import ReadingThread
from adapters.kafka.settings import KafkaSettings
from adapters.kafka.topics import Topics
from tradex_core.errors import Outage
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Offsets, Record

_POLL_SECONDS: Final = 0.02


class KafkaBroker:
    """A broker that is a Kafka cluster; it belongs to the event loop that it is first used in.

    Nothing connects before it is used. A cluster that is away is waited for by members and
    followers; anything else ends with Outage after `request_timeout`, and publishing with
    OutcomeUnknown after `delivery_timeout`. Each member and follower holds at most `read_ahead`
    records ready.
    """

    def __init__(self, settings: KafkaSettings, *, read_ahead: int = 1000) -> None:
        self._settings = settings
        self._read_ahead = read_ahead
        self._timeout = settings.request_timeout.total_seconds()
        self._producer = KafkaProducer(settings)
        self._readers: set[ReadingThread] = set()
        self._standing: set[asyncio.Future[None]] = set()
        self._commits: dict[str, CommitsThread] = {}
        self._log: LogThread | None = None
        self._admin: AdminClient | None = None
        self._is_open = True

    async def open(self) -> None:
        """Return once a broker answers, and get ready to publish; raises Outage as `ping` does."""
        await self.ping()
        self._producer.open()

    async def ping(self) -> None:
        """Return once a broker answers.

        Raises Outage with librdkafka's own reason: at once where it is a password or a certificate,
        and after `request_timeout` where it may pass.
        """
        await asyncio.to_thread(_ping, self._settings)

    async def apply(
        self,
        topics: Iterable[Topic],
        *,
        replication_factor: int = -1,
        min_insync_replicas: int | None = None,
    ) -> Sequence[str]:
        """Create the topics that are missing; return their names. A repeat changes nothing.

        Without the two numbers it is the brokers' defaults that count. Raises TradexError, having
        made none, where one is there with another number of partitions; raises Outage.
        """
        return await self._topics().apply(
            topics, replication_factor=replication_factor, min_insync_replicas=min_insync_replicas
        )

    async def check(self, topics: Iterable[Topic]) -> Sequence[str]:
        """Return a sentence with its remedy for each thing about topics that is not as asked for.

        These are a missing topic, its partitions, its retention, and that it takes messages as
        large as are sent. Raises Outage.
        """
        return await self._topics().check(topics)

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        # What is published after `follow` was called lies behind the ends that it fixes.
        if self._standing:
            _, pending = await asyncio.wait(self._standing, timeout=self._timeout)
            if pending:
                msg = "Kafka did not tell a follower where the topics end; nothing was published"
                return [Outage(msg) for _ in messages]
        return await self._producer.publish(messages)

    async def subscribe(self, group: str, topics: Sequence[str]) -> KafkaSubscription:
        """Join a consumer group, which starts at the beginning of each topic.

        Waits until the member has partitions, for `join_wait` at most: it may be one too many, and
        stands by. Raises Unpublishable naming a topic that does not exist; raises Outage.
        """
        names = _each_once(topics)
        there = await self._topics().partitions(names)
        for name in names:
            if name not in there:
                raise no_topic(name)
        thread = MemberThread(self._settings, group, names, capacity=self._read_ahead)
        self._start(thread)
        member = KafkaSubscription(thread, self._settings)
        await asyncio.wait(
            (thread.joined, thread.ended),
            timeout=self._settings.join_wait.total_seconds(),
            return_when=asyncio.FIRST_COMPLETED,
        )
        return member

    def follow(self, topics: Sequence[str]) -> AsyncIterator[Sequence[Record]]:
        """Read what is published from now on, in no group; ends when the broker is closed.

        The ends are asked for in the background: until they are fixed, this broker publishes
        nothing. A topic that does not exist is raised as Unpublishable by the first batch.
        """
        names = _each_once(topics)
        thread = FollowingThread(self._settings, names, capacity=self._read_ahead)
        if self._is_open:
            self._standing.add(thread.standing)
            thread.standing.add_done_callback(self._standing.discard)
            self._start(thread)
        else:
            thread.handover.close()
        return KafkaFollower(thread)

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        self._require_open()
        if self._log is None:
            self._log = LogThread(self._settings)
            self._log.start()
        job = partial(self._log.read, topic, partition, start, limit)
        return await self._log.ask(job, within=4 * self._settings.request_timeout)

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        return await self._topics().offsets(topic)

    async def committed(self, group: str) -> Offsets:
        self._require_open()
        if group not in self._commits:
            self._commits[group] = CommitsThread(self._settings, group)
            self._commits[group].start()
        thread = self._commits[group]
        return await thread.ask(thread.committed, within=2 * self._settings.request_timeout)

    async def size_of(self, group: str) -> int:
        """Return how many processes are in a group now; raises Outage."""
        asked = self._client().describe_consumer_groups([group], request_timeout=self._timeout)
        answer = (await answers_of(asked))[group]
        if isinstance(answer, KafkaError):
            if answer.code() == KafkaError.GROUP_ID_NOT_FOUND:
                return 0
            raise no_answer(answer, asked=f"tell who is in the group {group}")
        return len(answer.members)

    async def close(self) -> None:
        """Wait for what is being published, then end every subscription and follower.

        Each of the two takes no longer than twice `close_timeout`: what is not acknowledged by
        then is answered as it is, and a client that does not close is left behind.
        """
        self._is_open = False
        await self._producer.close()
        for reader in self._readers:
            reader.handover.close()
        threads = [*self._readers, *self._commits.values(), *([self._log] if self._log else ())]
        within = self._settings.close_timeout
        await asyncio.gather(*(thread.stopped(within=within) for thread in threads))
        self._admin = None

    def _start(self, thread: ReadingThread) -> None:
        self._readers.add(thread)
        thread.ended.add_done_callback(lambda _: self._readers.discard(thread))
        thread.start()

    def _topics(self) -> Topics:
        return Topics(
            self._client(),
            timeout=self._timeout,
            max_message_bytes=self._settings.max_message_bytes,
        )

    def _client(self) -> AdminClient:
        self._require_open()
        if self._admin is None:
            self._admin = AdminClient(self._settings.admin())
        return self._admin

    def _require_open(self) -> None:
        if not self._is_open:
            raise closed()


def _each_once(topics: Iterable[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(topics))
    if not names:
        msg = "name at least one topic to read"
        raise ValueError(msg)
    return names


def _ping(settings: KafkaSettings) -> None:
    """Ask for the metadata of all topics; blocks.

    Not by `describe_cluster`: a broker that its controller does not count, as after it stood still,
    tells of no brokers, and for that librdkafka ends the process (rdkafka_admin.c, "Assertion
    `rko_result' failed").
    """
    faults = Faults("the connection")
    until = monotonic() + settings.request_timeout.total_seconds()
    patience = _POLL_SECONDS
    try:
        client = AdminClient(settings.admin(), error_cb=faults)
        while True:
            try:
                client.list_topics(timeout=patience)
            except KafkaException as error:
                client.poll(_POLL_SECONDS)
                left = until - monotonic()
                if faults.is_hopeless or left <= 0:
                    raise
                is_connected = cause_of(error).name() == "_TIMED_OUT"
                patience = left if is_connected else min(left, _POLL_SECONDS)
            else:
                return
    except KafkaException as error:
        reason = faults.reason or cause_of(error).str()
        msg = f"Kafka at {settings.bootstrap_servers} cannot be reached: {reason}"
        raise Outage(msg) from error
