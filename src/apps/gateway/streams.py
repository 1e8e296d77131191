"""What is told live: how an operation ends, and each step of an order."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Final

from apps.gateway.event_stream import KEEP_ALIVE, retry_hint, server_sent_event
from apps.gateway.lagging import shown_soon
from apps.gateway.operation_document import OperationDocument, operation_document
from apps.gateway.order_watch import OrderWatch
from apps.gateway.stopping import Stopping
from tradex_core.events import codec
from tradex_core.events.order import OrderStatus
from tradex_core.ids import Entropy, OperationId
from tradex_core.operations.bulkhead import Bulkhead
from tradex_core.operations.waiting import Outcomes
from tradex_core.views.operation_view import apply_reply
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import ViewQueries

HEARTBEAT_SECONDS: Final = 15.0
_SOON_SECONDS: Final = (0.02, 0.05, 0.2, 1.0)
"""When a stream that begins looks again: what happened just before it listened is shown late."""
LAST_STATUSES: Final = frozenset({OrderStatus.DELIVERED, OrderStatus.CANCELLED})
"""Nothing follows these."""

BEGUN_ID: Final = 0
OVER_ID: Final = 1

Chunks = AsyncGenerator[bytes, None]


class Streams:
    """Streams of server-sent events, with a comment every `heartbeat` seconds when all is quiet.

    Each takes a place in `room`; it raises Unavailable, before it tells anything, if there is none.
    They end with what they tell of, and when the gateway stops. Each asks the views again at every
    heartbeat, and a few times in its first second, so that what this process did not hear of is
    told late, but told. `open` tells how many there are of each kind.
    """

    def __init__(
        self,
        views: ViewQueries,
        outcomes: Outcomes,
        watch: OrderWatch,
        stopping: Stopping,
        room: Bulkhead,
        *,
        entropy: Entropy,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        self._views = views
        self._outcomes = outcomes
        self._watch = watch
        self._stopping = stopping
        self._room = room
        self._entropy = entropy
        self._heartbeat = heartbeat
        self.open = {"operation": 0, "order": 0}

    def require_room(self) -> None:
        """Raise Unavailable where nobody more can listen."""
        self._room.require_room()

    async def operation(
        self, operation_id: OperationId, command: str, *, last_id: int | None
    ) -> Chunks:
        """Tell that an operation is pending, unless the client was told, and then how it ended."""
        with self._place("operation"), self._outcomes.expect(operation_id) as reply:
            yield retry_hint(self._entropy)
            outcome = await self._views.operation(operation_id)
            if outcome is None and last_id is None:
                yield _told(BEGUN_ID, operation_document(operation_id, command, None))
            pauses = self._pauses()
            while outcome is None:
                replied = await self._stopping.wait_for(reply, timeout=next(pauses))
                if self._stopping.begun:
                    return
                if replied is not None:
                    outcome = apply_reply(None, replied)
                else:
                    yield KEEP_ALIVE
                    outcome = await self._views.operation(operation_id)
        yield _told(OVER_ID, operation_document(operation_id, command, outcome))

    async def order(self, view: OrderView, *, last_id: int) -> Chunks:
        """Tell every step of an order behind the last one that the client was told of."""
        order_id = view.order_id
        with self._place("order"), self._watch.watch(order_id) as watcher:
            yield retry_hint(self._entropy)
            pauses = self._pauses()
            while not self._stopping.begun:
                change = watcher.next_change()
                view = await self._views.order(order_id) or view
                for entry in view.timeline:
                    if entry.id > last_id:
                        yield server_sent_event("status", id=entry.id, data=codec.encode(entry))
                        last_id = entry.id
                if view.status in LAST_STATUSES:
                    return
                await self._stopping.wait_for(change, timeout=next(pauses))
                if change.done():
                    await self._caught_up(order_id, last_id)
                else:
                    yield KEEP_ALIVE

    def _pauses(self) -> Iterator[float]:
        return chain(_SOON_SECONDS, repeat(self._heartbeat))

    @contextmanager
    def _place(self, of: str) -> Iterator[None]:
        with self._room.place():
            self.open[of] += 1
            try:
                yield
            finally:
                self.open[of] -= 1

    async def _caught_up(self, order_id: str, last_id: int) -> None:
        async def look() -> OrderView | None:
            view = await self._views.order(order_id)
            return view if view is not None and view.status.rank > last_id else None

        await shown_soon(look)


def _told(id: int, document: OperationDocument) -> bytes:  # noqa: A002
    return server_sent_event("operation", id=id, data=codec.encode(document))
