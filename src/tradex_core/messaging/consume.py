"""The loops of a consumer: fetch, handle, commit the offsets; and try again what is parked."""

import asyncio
from typing import Generic

from tradex_core.errors import Passing
from tradex_core.messaging.broker import Broker, Record, Subscription
from tradex_core.messaging.dispatch import Dispatcher, Means
from tradex_core.messaging.unit_of_work import W

_RETRY_POLL_SECONDS = 0.25


class Consumer(Generic[W]):
    """One member of a consumer group: what it handles is committed before its offsets are.

    An outage of its store or of the broker is waited for, and nothing is given up because of it;
    `waiting` says that it lasts.
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
    ) -> None:
        self.name = name
        self.waiting = False
        self.topics = topics
        self._dispatcher = dispatcher
        self._broker = broker
        self._means = means
        self._batch = batch
        self._subscription: Subscription | None = None
        self._between_batches = asyncio.Lock()

    async def run(self) -> None:
        """Consume until `stop`; raises what no waiting would mend."""
        self._subscription = await self._broker.subscribe(self.name, self.topics)
        retrying = asyncio.create_task(self._retry())
        consuming = asyncio.create_task(self._consume(self._subscription))
        try:
            await asyncio.wait({retrying, consuming}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            retrying.cancel()
            consuming.cancel()
            await self._subscription.close()
            ended = await asyncio.gather(retrying, consuming, return_exceptions=True)
        for result in ended:
            if isinstance(result, Exception):
                raise result

    async def stop(self) -> None:
        """Leave the group once the batch at hand is handled and its offsets are committed."""
        if self._subscription is not None:
            async with self._between_batches:
                await self._subscription.close()

    async def _consume(self, subscription: Subscription) -> None:
        while records := await subscription.fetch(limit=self._batch):
            async with self._between_batches:
                await self._handle(subscription, list(records))

    async def _handle(self, subscription: Subscription, records: list[Record]) -> None:
        failures = 0
        while True:
            try:
                await self._dispatcher.handle(records)
                await subscription.commit(records)
            except Passing as error:
                failures += 1
                await self._wait(error, failures)
            else:
                self.waiting = False
                return

    async def _retry(self) -> None:
        failures = 0
        while True:
            try:
                tried = await self._dispatcher.retry_due()
                failures = 0
                if not tried:
                    await asyncio.sleep(_RETRY_POLL_SECONDS)
            except Passing as error:
                failures += 1
                await self._wait(error, failures)

    async def _wait(self, error: Exception, failures: int) -> None:
        self.waiting = True
        self._means.observer.waiting(self.name, error)
        await asyncio.sleep(self._means.backoff.delay(failures, self._means.entropy))
