"""Cancels the orders that hear nothing, whichever replica comes first."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from apps.orders.handlers import OrdersUnit
from tradex_core.errors import Passing
from tradex_core.ids import MessageId, OrderId
from tradex_core.messaging.breaker import Circuit
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.outgoing import Cause, messages_of
from tradex_core.orders.needs import needs_of_order
from tradex_core.orders.ports import OverdueOrders
from tradex_core.orders.time_out_order import time_out_order

TIMED_OUT_BY: Final = "timeout/"
"""What begins the id of a timer's message, before the order's."""
_LIMIT = 200
_LONGEST_PAUSE = 1.0


class Timeouts:
    """The timer of the orders service.

    It needs no message of its own: which orders are overdue stands in the database, so that a
    restart forgets none, and of replicas that race only one commits.
    """

    def __init__(
        self,
        units: Callable[[], OrdersUnit],
        overdue: OverdueOrders,
        means: Means,
        *,
        source: str,
        pending_timeout: timedelta,
    ) -> None:
        self._units = units
        self._overdue = overdue
        self._means = means
        self._source = source
        self._pending_timeout = pending_timeout
        self._circuit = Circuit(f"{source} timeouts", means.breakers)

    async def run(self) -> None:
        """Look for overdue orders for ever; an outage is waited for."""
        pause, failures = min(_LONGEST_PAUSE, self._pending_timeout.total_seconds() / 4), 0
        while True:
            try:
                await self.sweep()
            except Passing as error:
                failures += 1
                self._means.observer.waiting("timeouts", error)
                self._circuit.fails(error)
                await asyncio.sleep(self._means.backoff.delay(failures, self._means.entropy))
                self._circuit.tries()
            else:
                failures = 0
                self._circuit.works()
                await asyncio.sleep(pause)

    async def sweep(self) -> int:
        """Cancel what is overdue now; return how many were found.

        Raises Outage or StoreConflict; then the next sweep finds what is left.
        """
        before = self._means.clock.now() - self._pending_timeout
        order_ids = await self._overdue.overdue(before, limit=_LIMIT)
        for order_id in order_ids:
            await self.time_out(order_id)
        return len(order_ids)

    async def time_out(self, order_id: OrderId) -> None:
        """Cancel an order, if it is overdue now; raises Outage or StoreConflict."""
        now = self._means.clock.now()
        async with self._units() as unit:
            await unit.load(needs_of_order(order_id))
            time_out_order(
                order_id,
                orders=unit.orders,
                clock=self._means.clock,
                pending_timeout=self._pending_timeout,
            )
            cause = Cause(MessageId(TIMED_OUT_BY + order_id), correlation_id=order_id)
            unit.publish(messages_of(unit.collect(), cause=cause, source=self._source, at=now))
            await unit.commit()
