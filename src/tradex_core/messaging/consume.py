"""The loops of a consumer: fetch, handle, commit offsets; and try again what is parked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar
from zlib import crc32

from tradex_core.errors import Passing
from tradex_core.messaging.breaker import Circuit
from tradex_core.messaging.broker import Broker, Offsets, Partition, Record, Subscription
from tradex_core.messaging.dispatch import Dispatcher, Means
from tradex_core.messaging.unit_of_work import W

T = TypeVar("T")

_RETRY_POLL_SECONDS = 0.5
_COMMIT_SECONDS = 0.25
_CONSUMING = "consuming"
_RETRYING = "retrying"


class Consumer(Generic[W]):
    """One member of a consumer group: what it handles is committed before its offsets are.

    Offsets are committed every 250 ms, and when it stops; what was handled after that by one that
    dies is delivered again, and known to have been handled.

    An outage of its store or of the broker is waited for, and nothing is given up because of it;
    `waiting` says that it lasts, and a breaker for each of its loops tells of it.

    A full batch says that more waits. Where messages of different keys are `apart`, about different
    aggregates, it is handled in two transactions side by side, and no key is in both.

    With a `pace`, in seconds, no batch begins sooner after one that was not full: what comes alone
    is handled at once, and what comes soon after it together.
    """

    def __init__(
        self,
        name: str,
        topics: list[str],
        dispatcher: Dispatcher[W],
        broker: Broker,
        means: Means,
        *,
        batch: int = 500,
        apart: bool = False,
        pace: float = 0.0,
    ) -> None:
        self.name = name
        self.topics = topics
        self.dispatcher = dispatcher
        self._broker = broker
        self._means = means
        self._batch = batch
        self._apart = apart
        self._pace = pace
        self._not_before = 0.0
        self._subscription: Subscription | None = None
        self._uncommitted: dict[Partition, Record] = {}
        self._commit_at = 0.0
        self._between_batches = asyncio.Lock()
        self._stopping = asyncio.Event()
        self._away: set[str] = set()
        self._circuits = {
            loop: Circuit(f"{name} {loop}", means.breakers) for loop in (_CONSUMING, _RETRYING)
        }

    @property
    def waiting(self) -> bool:
        """Whether an outage lasts."""
        return bool(self._away)

    @property
    def uncommitted(self) -> Offsets:
        """Where each partition goes on whose records are handled, and their offsets to commit."""
        return {partition: record.offset + 1 for partition, record in self._uncommitted.items()}

    async def run(self) -> None:
        """Consume until `stop`; raises what no waiting would mend."""
        try:
            subscribe = partial(self._broker.subscribe, self.name, self.topics)
            self._subscription = subscription = await self._outlast(_CONSUMING, subscribe)
        except Passing:  # it is time to stop before the broker was there
            return
        retrying = asyncio.create_task(self._retry())
        consuming = asyncio.create_task(self._consume(subscription))
        try:
            await asyncio.wait({retrying, consuming}, return_when=asyncio.FIRST_COMPLETED)
            if self._stopping.is_set():
                await asyncio.wait({consuming})
        finally:
            retrying.cancel()
            consuming.cancel()
            await subscription.close()
            ended = await asyncio.gather(retrying, consuming, return_exceptions=True)
        for result in ended:
            interrupted = isinstance(result, Passing) and self._stopping.is_set()
            if isinstance(result, Exception) and not interrupted:
                raise result

    async def stop(self) -> None:
        """Leave the group once the batch at hand is handled and its offsets are committed.

        Where an outage keeps it from that, what it handled is delivered to whoever reads on.
        """
        self._stopping.set()
        if self._subscription is not None:
            async with self._between_batches:
                with suppress(Passing):
                    await self._commit(self._subscription)
                await self._subscription.close()

    async def _consume(self, subscription: Subscription) -> None:
        now = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            if (early := self._not_before - now()) > 0:
                await self._pause(early)
            records = await self._outlast(_CONSUMING, partial(self._fetch, subscription))
            if records is None:
                await self._outlast(_CONSUMING, partial(self._commit, subscription))
                continue
            async with self._between_batches:
                if not records or self._stopping.is_set():
                    return
                await self._outlast(_CONSUMING, partial(self._handle, records))

    async def _fetch(self, subscription: Subscription) -> Sequence[Record] | None:
        """Wait for records; None once it is time to commit the offsets of what was handled."""
        if not self._uncommitted:
            return await subscription.fetch(limit=self._batch)
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._commit_at):
                return await subscription.fetch(limit=self._batch)
        return None

    async def _handle(self, records: Sequence[Record]) -> None:
        now, is_full = asyncio.get_running_loop().time, len(records) == self._batch
        if not is_full:
            self._not_before = now() + self._pace
        shares = _shares(records) if self._apart and is_full else [records]
        handling = [self.dispatcher.handle(share) for share in shares]
        for error in await asyncio.gather(*handling, return_exceptions=True):
            if error is not None:
                raise error
        if not self._uncommitted:
            self._commit_at = now() + _COMMIT_SECONDS
        self._uncommitted |= {(record.topic, record.partition): record for record in records}

    async def _commit(self, subscription: Subscription) -> None:
        handled = self._uncommitted
        await subscription.commit(list(handled.values()))
        self._uncommitted = {}

    async def _retry(self) -> None:
        while True:
            if not await self._outlast(_RETRYING, self.dispatcher.retry_due):
                await asyncio.sleep(_RETRY_POLL_SECONDS)

    async def _outlast(self, loop: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do work, as often as it takes; raises Passing only once it is time to stop."""
        failures, circuit = 0, self._circuits[loop]
        while True:
            try:
                result = await work()
            except Passing as error:
                if self._stopping.is_set():
                    raise
                failures += 1
                self._away.add(loop)
                self._means.observer.waiting(self.name, error)
                circuit.fails(error)
                await self._pause(self._means.backoff.delay(failures, self._means.entropy))
                circuit.tries()
            else:
                self._away.discard(loop)
                circuit.works()
                return result

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()


def _shares(records: Sequence[Record]) -> list[list[Record]]:
    """Part records in two, with all of each key in one, in their order."""
    shares: tuple[list[Record], list[Record]] = ([], [])
    for record in records:
        shares[crc32(record.key or b"") & 1].append(record)
    return [share for share in shares if share]
