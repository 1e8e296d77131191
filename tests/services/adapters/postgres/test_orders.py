"""What the orders service keeps: facts for ever, the snapshot that they add up to, the pending."""

from datetime import timedelta

import psycopg
import pytest
from tests.contracts.store_harness import NOW
from tests.contracts.stores import OrdersStore, uuid_of

from adapters.postgres.orders import OrdersDatabase, OrdersUnitOfWork, Story
from tradex_core.events.order import OrderLine, OrderStatus
from tradex_core.ids import OrderId, UserId
from tradex_core.money import Money
from tradex_core.orders.order import Order, Reason
from tradex_core.orders.ports import ORDERS

Orders = OrdersStore[OrdersDatabase]
MOST = Money("99999999.99")


def an_order(name: str, *lines: OrderLine, seconds: int = 0) -> Order:
    return Order.place(
        order_id=OrderId(uuid_of(name)),
        user_id=UserId("ana"),
        items=lines or (OrderLine(product_id="tea", quantity=1, price=Money(1)),),
        at=NOW + timedelta(seconds=seconds),
    )


async def add(store: Orders, *orders: Order) -> None:
    async with OrdersUnitOfWork(store.database) as unit:
        await unit.load([(ORDERS, order.state.order_id) for order in orders])
        for order in orders:
            unit.orders.add(order)
        await unit.commit()


async def read(store: Orders, name: str) -> Order:
    async with OrdersUnitOfWork(store.database) as unit:
        await unit.load([(ORDERS, uuid_of(name))])
        return unit.orders.get(OrderId(uuid_of(name)))


async def live_through_everything(store: Orders, name: str) -> None:
    await add(store, an_order(name))
    async with OrdersUnitOfWork(store.database) as unit:
        await unit.load([(ORDERS, uuid_of(name))])
        order = unit.orders.get(OrderId(uuid_of(name)))
        order.confirm(sellers=("ana", "b'o,{}\"\\"), at=NOW)
        order.advance(OrderStatus.PROCESSING, at=NOW)
        await unit.commit()
    async with OrdersUnitOfWork(store.database) as unit:
        await unit.load([(ORDERS, uuid_of(name))])
        order = unit.orders.get(OrderId(uuid_of(name)))
        order.cancel(reason=Reason.REQUESTED, at=NOW + timedelta(microseconds=1))
        await unit.commit()


async def stories(store: Orders) -> list[Story]:
    return [story async for story in store.database.stories()]


@pytest.mark.parametrize("price", [Money("0.00"), Money("0.01"), Money("10000.10"), MOST])
async def test_an_order_is_read_as_it_was_written(orders: Orders, price: Money) -> None:
    line = OrderLine(product_id="tê", quantity=1, price=price)
    order = an_order("a", line, seconds=-(10**10))
    await add(orders, order)
    assert order.state == (await read(orders, "a")).state


async def test_an_orders_lines_keep_their_order(orders: Orders) -> None:
    lines = [
        OrderLine(product_id=f"product-{n * 37 % 100}", quantity=n, price=Money(n))
        for n in range(1, 100)
    ]
    await add(orders, an_order("a", *lines))
    assert tuple(lines) == (await read(orders, "a")).state.items


async def test_what_happened_to_an_order_is_kept_and_adds_up_to_it(orders: Orders) -> None:
    await live_through_everything(orders, "a")
    facts = await orders.database.history(OrderId(uuid_of("a")))
    assert 4 == len(facts)
    assert (await read(orders, "a")).state == Order.replay(facts).state


async def test_what_was_not_committed_did_not_happen(orders: Orders) -> None:
    await add(orders, an_order("a"))
    async with OrdersUnitOfWork(orders.database) as unit:
        await unit.load([(ORDERS, uuid_of("a"))])
        unit.orders.get(OrderId(uuid_of("a"))).confirm(sellers=(), at=NOW)
    assert 1 == len(await orders.database.history(OrderId(uuid_of("a"))))
    assert [] == list(await orders.database.history(OrderId(uuid_of("b"))))


async def test_every_story_is_told_once_by_id(orders: Orders) -> None:
    names = [f"order-{number}" for number in range(1100)]
    await add(orders, *map(an_order, names))
    await live_through_everything(orders, "another")
    told = await stories(orders)
    assert sorted(map(uuid_of, [*names, "another"])) == [story.order_id for story in told]
    for story in told:
        assert story.snapshot is not None
        assert list(range(1, story.snapshot.version + 1)) == [v for v, _ in story.events]


async def test_a_story_tells_of_what_is_missing_or_unreadable(
    orders: Orders, orders_url: str
) -> None:
    for name in ("no snapshot", "no events", "no order"):
        await add(orders, an_order(name))
    with psycopg.connect(orders_url, autocommit=True) as connection:
        connection.execute("DELETE FROM orders WHERE id = %s", [uuid_of("no snapshot")])
        told = 'DELETE FROM order_events WHERE "orderId" = %s'
        connection.execute(told.encode(), [uuid_of("no events")])
        spoilt = 'UPDATE orders SET "totalAmount" = -1 WHERE id = %s'
        connection.execute(spoilt.encode(), [uuid_of("no order")])
    found = {story.order_id: story for story in await stories(orders)}
    assert found[OrderId(uuid_of("no snapshot"))].snapshot is None
    assert 1 == len(found[OrderId(uuid_of("no snapshot"))].events)
    assert found[OrderId(uuid_of("no events"))].snapshot is not None
    assert 0 == len(found[OrderId(uuid_of("no events"))].events)
    assert found[OrderId(uuid_of("no order"))].snapshot is None


async def test_pending_orders_are_found_by_their_age_oldest_first(orders: Orders) -> None:
    database = orders.database
    await add(orders, *[an_order(f"o{number}", seconds=number) for number in (3, 1, 0, 4, 2)])
    async with OrdersUnitOfWork(database) as unit:
        await unit.load([(ORDERS, uuid_of("o1"))])
        unit.orders.get(OrderId(uuid_of("o1"))).confirm(sellers=(), at=NOW)
        await unit.commit()
    before = NOW + timedelta(seconds=3)
    oldest, second = uuid_of("o0"), uuid_of("o2")
    assert [oldest, second] == list(await database.overdue(before, limit=10))
    assert [oldest] == list(await database.overdue(before, limit=1))
    assert [] == list(await database.overdue(NOW, limit=10))


async def test_an_order_that_is_no_uuid_is_not_there(orders: Orders) -> None:
    odd = ["", "nothing", "\0", uuid_of("a").upper(), "{" + uuid_of("a") + "}", "é" * 300]
    await add(orders, an_order("a"))
    async with OrdersUnitOfWork(orders.database) as unit:
        await unit.load([(ORDERS, each) for each in odd])
        assert [None] * len(odd) == [unit.orders.find(OrderId(each)) for each in odd]
