"""The broker as one process reaches it: the real one in memory, behind a link that can fail."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextvars import Context
from typing import Final

import msgspec
from tests.simulation.link import Link
from tests.simulation.loop import SimulatedLoop
from tests.simulation.plan import Fault

from adapters.memory.broker import MemoryBroker
from adapters.memory.groups import MemorySubscription
from tradex_core.errors import Outage, OutcomeUnknown
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Offsets, Record

_LATEST: Final = 2.5
_FEW: Final = 4


class Wire:
    """The log itself; what is in flight when nobody waits for it any more arrives later."""

    def __init__(self, broker: MemoryBroker, loop: SimulatedLoop) -> None:
        self.broker = broker
        self.in_flight = 0
        self._loop = loop

    async def append(self, message: Message) -> Exception | None:
        """Append a message now; return why that is impossible, or None."""
        [error] = await self.broker.publish([message])
        return error

    def append_later(self, message: Message, delay: float) -> None:
        """Append a message in so many seconds, whatever becomes of its sender."""
        self.in_flight += 1

        async def arrive() -> None:
            await self.append(message)
            self.in_flight -= 1

        # It is nobody's: its sender may be dead by then.
        self._loop.call_later(delay, lambda: self._loop.create_task(arrive()), context=Context())


class Published(msgspec.Struct, frozen=True):
    """A message, as the trace shows it."""

    message: Message

    def __str__(self) -> str:
        message_id = dict(self.message.headers).get("ce_id", b"?").decode(errors="replace")
        key = (self.message.key or b"").decode(errors="replace")
        return f"{self.message.topic}({key}) as {message_id}"


class SimulatedSubscription:
    """A member of a group behind a link; thrown out when its process is taken for dead."""

    def __init__(self, inner: MemorySubscription, link: Link) -> None:
        self._inner = inner
        self._link = link
        link.process.hold(self, inner.abandon)

    async def fetch(self, *, limit: int) -> Sequence[Record]:
        faults = self._link.faults
        await self._link.touch("fetch")
        if faults.happens(Fault.SHORT):
            limit = faults.chance.randint(1, _FEW)
        await self._link.pass_by()
        records = await self._inner.fetch(limit=limit)
        self._link.process.require_alive()
        return records

    async def commit(self, records: Sequence[Record]) -> None:
        await self._link.before("offset commit")
        await self._inner.commit(records)
        await self._link.after("offset commit")

    async def rewind(self) -> None:
        await self._link.touch("rewind")
        await self._inner.rewind()

    async def close(self) -> None:
        await self._link.pass_by()
        self._link.process.drop(self)


class SimulatedBroker:
    """A broker behind a link: messages get lost, doubled, delayed, or may have been taken."""

    def __init__(self, wire: Wire, link: Link) -> None:
        self._wire = wire
        self._link = link
        self._inner = wire.broker

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        try:
            await self._link.before("publish")
        except Outage as outage:
            return [outage for _ in messages]
        answers: list[Exception | None] = []
        failed: dict[tuple[str, bytes | None], Exception] = {}
        for message in messages:
            lane = (message.topic, message.key)
            error = failed.get(lane)
            if error is None:
                error = await self._publish(message)
                if error is not None and message.key is not None:
                    failed[lane] = error
            answers.append(error)
        await self._link.after_publishing()
        return answers

    async def _publish(self, message: Message) -> Exception | None:
        faults = self._link.faults
        if faults.happens(Fault.CRASH):
            self._link.crash("between two messages")
        if faults.happens(Fault.UNKNOWN):
            return await self._lose_track_of(message)
        error = await self._wire.append(message)
        self._link.trace(self._link.process.name, "publishes {}", Published(message))
        if error is None and faults.happens(Fault.DUPLICATE):
            self._link.trace(self._link.process.name, "publishes it again")
            if faults.chance.random() < 0.5:
                await self._wire.append(message)
            else:
                self._wire.append_later(message, faults.chance.random() * _LATEST)
        return error

    async def _lose_track_of(self, message: Message) -> Exception:
        chance = self._link.faults.chance
        fate = chance.choice(("taken", "not taken", "under way"))
        sent = Published(message)
        self._link.trace(self._link.process.name, "loses track of {}: {}", sent, fate)
        if fate == "taken":
            await self._wire.append(message)
        elif fate == "under way":
            self._wire.append_later(message, chance.random() * _LATEST)
        msg = "no acknowledgement came"
        return OutcomeUnknown(msg)

    async def subscribe(self, group: str, topics: Sequence[str]) -> SimulatedSubscription:
        await self._link.touch("subscribe")
        return SimulatedSubscription(await self._inner.subscribe(group, topics), self._link)

    def follow(self, topics: Sequence[str]) -> AsyncIterator[Sequence[Record]]:
        return self._follow(self._inner.follow(topics))

    async def _follow(
        self, inner: AsyncIterator[Sequence[Record]]
    ) -> AsyncIterator[Sequence[Record]]:
        async for records in inner:
            await self._link.pass_by()
            yield records

    async def apply(self, topics: Iterable[Topic]) -> Sequence[str]:
        await self._link.touch("apply")
        return await self._inner.apply(topics)

    async def read(self, topic: str, partition: int, *, start: int, limit: int) -> Sequence[Record]:
        await self._link.touch("read")
        return await self._inner.read(topic, partition, start=start, limit=limit)

    async def offsets(self, topic: str) -> Mapping[int, tuple[int, int]]:
        await self._link.touch("offsets")
        return await self._inner.offsets(topic)

    async def committed(self, group: str) -> Offsets:
        await self._link.touch("committed")
        return await self._inner.committed(group)

    async def close(self) -> None:
        self._link.process.require_alive()
