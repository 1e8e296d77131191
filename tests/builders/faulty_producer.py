"""A producer that fails as it is told, before the broker has the messages or after."""

from collections import deque
from collections.abc import Sequence

from tradex_core.messaging.broker import Message, Producer


class FaultyProducer:
    """Publishes through another producer, but for the calls that are to fail."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer
        self._faults: deque[tuple[Exception, bool]] = deque()

    def fail_next(self, error: Exception, *, published: bool = False) -> None:
        """Answer one call with an error; if `published`, the broker has its messages."""
        self._faults.append((error, published))

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        if not self._faults:
            return await self._producer.publish(messages)
        error, published = self._faults.popleft()
        if published:
            await self._producer.publish(messages)
        return [error for _ in messages]
