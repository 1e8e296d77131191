"""Follows the end of a few topics, to wake the requests of this process that wait for news."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import structlog

from apps.gateway.order_watch import OrderWatch
from apps.gateway.pending import PendingOperations
from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.reply import CommandReplied
from tradex_core.events.topics import COMMAND_REPLIES, ORDER_CREATED, ORDER_UPDATED
from tradex_core.messaging.broker import Broker, Record
from tradex_core.messaging.tracing import UNTRACED, Tracer
from tradex_core.operations.waiting import Outcomes

_log = structlog.stdlib.get_logger("tradex.gateway")


class Follower:
    """Tells `outcomes` of every reply and `watch` of every order that changes, from `start` on."""

    def __init__(
        self,
        broker: Broker,
        outcomes: Outcomes,
        watch: OrderWatch,
        pending: PendingOperations,
        tracer: Tracer = UNTRACED,
    ) -> None:
        self._broker = broker
        self._tracer = tracer
        self._outcomes = outcomes
        self._watch = watch
        self._pending = pending
        self._tell: Mapping[str, Callable[[Record], None]] = MappingProxyType(
            {
                COMMAND_REPLIES: self._tell_outcome,
                ORDER_CREATED: self._wake_watchers,
                ORDER_UPDATED: self._wake_watchers,
            }
        )
        self.is_following = False

    def start(self) -> AsyncIterator[Sequence[Record]]:
        """Fix where to follow from: before the first command is published."""
        self.is_following = True
        return self._broker.follow(FOLLOWED)

    async def run(self, batches: AsyncIterator[Sequence[Record]]) -> None:
        """Follow what `start` returned until the broker is closed."""
        try:
            async for records in batches:
                self._tell_all(records)
        finally:
            self.is_following = False

    def _tell_all(self, records: Iterable[Record]) -> None:
        for record in records:
            self._tell[record.topic](record)

    def _tell_outcome(self, record: Record) -> None:
        try:
            reply = codec.decode(record.value or b"", CommandReplied)
        except Undecodable as error:
            _log.warning("undecodable reply", position=record.position, error=str(error))
            return
        self._pending.finish(reply)
        if self._outcomes.awaits(reply.operation_id):
            with self._tracer.receiving(record):
                self._outcomes.tell(reply)

    def _wake_watchers(self, record: Record) -> None:
        self._watch.wake((record.key or b"").decode(errors="replace"))


FOLLOWED: Final = (COMMAND_REPLIES, ORDER_CREATED, ORDER_UPDATED)
"""What is followed."""
