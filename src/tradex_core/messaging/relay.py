"""The relay: publishes what the outbox holds, in order per key, and then deletes it."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from tradex_core.errors import Passing, Unpublishable
from tradex_core.events import topics
from tradex_core.messaging.breaker import BreakerState, Circuit
from tradex_core.messaging.broker import Producer
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.outbox import Lease, Outbox, OutboxRow

_BATCH = 2_000
_POLL_SECONDS = 1.0


class Relay:
    """Moves messages from an outbox to the broker; several may run side by side.

    A message is deleted only after its acknowledgement, so a crash publishes it again under the
    same id. One that the broker will never take puts off its own key, not the others; in a topic
    that is not ours, which some client named for its answers, it is dropped after the last try.
    """

    def __init__(
        self,
        outbox: Outbox,
        producer: Producer,
        means: Means,
        *,
        name: str = "relay",
    ) -> None:
        self._outbox = outbox
        self._producer = producer
        self._means = means
        self._circuit = Circuit(name, means.breakers)

    @property
    def waiting(self) -> bool:
        """Whether an outage lasts."""
        return self._circuit.state is not BreakerState.CLOSED

    async def run(self) -> None:
        """Publish for ever; a broker or database that is away is waited for."""
        failures = 0
        while True:
            try:
                published = await self.sweep()
                failures = 0
                self._circuit.works()
                if not published:
                    await self._outbox.wait(_POLL_SECONDS)
            except Passing as error:
                failures += 1
                self._means.observer.waiting("relay", error)
                self._circuit.fails(error)
                await asyncio.sleep(self._means.backoff.delay(failures, self._means.entropy))
                self._circuit.tries()

    async def sweep(self) -> int:
        """Publish once what is ready, of every bucket together; return how many were acknowledged.

        Raises Outage or OutcomeUnknown where the broker did not take all; what it took is deleted.
        """
        async with self._outbox.lease(now=self._means.clock.now(), limit=_BATCH) as lease:
            return await self._publish(lease)

    async def _publish(self, lease: Lease) -> int:
        rows = lease.rows
        answers = await self._producer.publish([row.message for row in rows]) if rows else []
        taken = [row.id for row, error in zip(rows, answers, strict=True) if error is None]
        await lease.delete(taken)
        await self._put_off_unpublishable(lease, rows, answers)
        for error in answers:
            if error is not None and not isinstance(error, Unpublishable):
                raise error
        return len(taken)

    async def _put_off_unpublishable(
        self, lease: Lease, rows: Sequence[OutboxRow], answers: Sequence[Exception | None]
    ) -> None:
        refused: set[tuple[str, bytes | None]] = set()
        for row, error in zip(rows, answers, strict=True):
            lane = (row.message.topic, row.message.key)
            if isinstance(error, Unpublishable) and lane not in refused:
                refused.add(lane)
                self._means.observer.waiting("relay", error)
                await self._put_off(lease, row)

    async def _put_off(self, lease: Lease, row: OutboxRow) -> None:
        attempts = row.attempts + 1
        if attempts >= self._means.backoff.tries and row.message.topic not in topics.OWN:
            # Anybody may ask for an answer where there is no topic: these must not pile up.
            await lease.delete([row.id])
            return
        delay = timedelta(seconds=self._means.backoff.delay(attempts, self._means.entropy))
        await lease.put_off(row.id, until=self._means.clock.now() + delay)
