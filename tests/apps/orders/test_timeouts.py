"""The timer of the orders service, on the in-memory store."""

import asyncio
from datetime import timedelta

from tests.builders.machines import FakeClock, means
from tests.builders.orders import BUYER, ORDER_ID, create_command

from adapters.memory.orders import OrdersDatabase, OrdersUnitOfWork
from apps.orders.timeouts import Timeouts
from tradex_core.events import codec
from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.orders.create_order import create_order
from tradex_core.orders.needs import needs_of_order
from tradex_core.orders.ports import ORDERS

TIMEOUT = timedelta(seconds=60)


class Desk:
    """An orders service's store with one pending order, and timers of any number of replicas."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.database = OrdersDatabase(self.clock)

    def timer(self) -> Timeouts:
        return Timeouts(
            lambda: OrdersUnitOfWork(self.database),
            self.database,
            means(self.clock),
            source="orders",
            pending_timeout=TIMEOUT,
        )

    async def place(self) -> None:
        async with OrdersUnitOfWork(self.database) as unit:
            await unit.load(needs_of_order(ORDER_ID))
            create_order(
                create_command(),
                actor=BUYER,
                order_id=ORDER_ID,
                orders=unit.orders,
                clock=self.clock,
            )
            unit.collect()
            await unit.commit()

    @property
    def status(self) -> OrderStatus:
        status: OrderStatus = self.database.read(ORDERS, ORDER_ID).status
        return status

    async def published(self) -> list[OrderUpdated]:
        async with self.database.outbox.lease(now=self.clock.now(), limit=10) as lease:
            return [codec.decode(r.message.value or b"", OrderUpdated) for r in lease.rows]


async def test_an_order_that_heard_nothing_in_time_is_cancelled_and_told_of_once() -> None:
    desk = Desk()
    await desk.place()
    desk.clock.advance(seconds=61)
    assert 1 == await desk.timer().sweep()
    assert 0 == await desk.timer().sweep()
    assert desk.status is OrderStatus.CANCELLED
    assert ["timed_out"] == [event.reason for event in await desk.published()]


async def test_an_order_that_may_still_hear_something_is_left_alone() -> None:
    desk = Desk()
    await desk.place()
    desk.clock.advance(seconds=59)
    assert 0 == await desk.timer().sweep()
    assert desk.status is OrderStatus.PENDING


async def test_of_replicas_that_look_at_the_same_moment_one_cancels() -> None:
    desk = Desk()
    await desk.place()
    desk.clock.advance(seconds=61)
    await asyncio.gather(*(desk.timer().sweep() for _ in range(4)), return_exceptions=True)
    assert 1 == len(await desk.published())
