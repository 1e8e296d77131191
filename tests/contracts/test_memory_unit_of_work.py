from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.contracts.store_harness import NOW, Store, a_delivery, parked
from tests.contracts.stores import OrdersStore, ProductsStore, UsersStore
from tests.contracts.unit_of_work import UnitOfWorkContract

from adapters.memory.orders import OrdersDatabase, OrdersUnitOfWork
from adapters.memory.products import ProductsUnitOfWork, products_database
from adapters.memory.users import UsersUnitOfWork, users_database
from tradex_core.errors import StoreConflict
from tradex_core.events.order import OrderLine
from tradex_core.ids import OrderId, ProductId, UserId
from tradex_core.money import Money
from tradex_core.orders.order import Order
from tradex_core.orders.ports import ORDERS
from tradex_core.products.movement import (
    Movement,
    MovementId,
    MovementKind,
    MovementLine,
    MovementState,
    MovementStatus,
)
from tradex_core.products.ports import MOVEMENTS


class TestMemoryUsers(UnitOfWorkContract):
    @pytest.fixture
    async def store(self) -> Store:
        return UsersStore(users_database(FakeClock()), UsersUnitOfWork)


class TestMemoryProducts(UnitOfWorkContract):
    @pytest.fixture
    async def store(self) -> Store:
        return ProductsStore(products_database(FakeClock()), ProductsUnitOfWork)


class TestMemoryOrders(UnitOfWorkContract):
    has_unique_keys = False

    @pytest.fixture
    async def store(self) -> Store:
        return OrdersStore(OrdersDatabase(FakeClock()), OrdersUnitOfWork)


@pytest.fixture
def orders() -> OrdersStore[OrdersDatabase]:
    return OrdersStore(OrdersDatabase(FakeClock()), OrdersUnitOfWork)


async def commit(store: OrdersStore[OrdersDatabase], *orders: Order) -> None:
    async with OrdersUnitOfWork(store.database) as unit:
        await unit.load([(ORDERS, order.state.order_id) for order in orders])
        for order in orders:
            unit.orders.add(order)
        await unit.commit()


def an_order(order_id: str, *, seconds: int = 0) -> Order:
    line = OrderLine(product_id="tea", quantity=1, price=Money(1))
    return Order.place(
        order_id=OrderId(order_id),
        user_id=UserId("ana"),
        items=(line,),
        at=NOW + timedelta(seconds=seconds),
    )


async def test_what_happened_to_an_order_is_kept_and_adds_up_to_it(
    orders: OrdersStore[OrdersDatabase],
) -> None:
    await commit(orders, an_order("o1"))
    async with OrdersUnitOfWork(orders.database) as unit:
        await unit.load([(ORDERS, "o1")])
        unit.orders.get(OrderId("o1")).confirm(sellers=("ana",), at=NOW)
        await unit.commit()
    facts = orders.database.histories["o1"]
    assert 2 == len(facts)
    assert orders.database.read(ORDERS, "o1") == Order.replay(facts).state


async def test_what_was_not_committed_did_not_happen(orders: OrdersStore[OrdersDatabase]) -> None:
    await commit(orders, an_order("o1"))
    async with OrdersUnitOfWork(orders.database) as unit:
        await unit.load([(ORDERS, "o1")])
        unit.orders.get(OrderId("o1")).confirm(sellers=("ana",), at=NOW)
    assert 1 == len(orders.database.histories["o1"])


async def test_pending_orders_are_found_by_their_age_oldest_first(
    orders: OrdersStore[OrdersDatabase],
) -> None:
    database = orders.database
    await commit(orders, *[an_order(f"o{number}", seconds=number) for number in range(5)])
    async with OrdersUnitOfWork(database) as unit:
        await unit.load([(ORDERS, "o1")])
        unit.orders.get(OrderId("o1")).confirm(sellers=(), at=NOW)
        await unit.commit()
    before = NOW + timedelta(seconds=3)
    assert ["o0", "o2"] == list(await database.overdue(before, limit=10))
    assert ["o0"] == list(await database.overdue(before, limit=1))
    assert [] == list(await database.overdue(NOW, limit=10))


async def test_pending_orders_are_found_though_the_clock_ran_back(
    orders: OrdersStore[OrdersDatabase],
) -> None:
    database = orders.database
    await commit(orders, an_order("late", seconds=60), an_order("early"))
    found = await database.overdue(NOW + timedelta(seconds=1), limit=10)
    assert ["early"] == list(found)


async def test_the_inbox_lets_go_of_what_nothing_can_deliver_any_more() -> None:
    clock = FakeClock()
    store = UsersStore(users_database(clock), UsersUnitOfWork)

    async def record(*ids: str) -> None:
        async with store.open_unit() as unit:
            for handled_id in ids:
                unit.record(a_delivery(handled_id), [])
            await unit.commit()

    await record("old", "older")
    clock.advance(days=7, hours=23)
    await record("new", "newer")
    assert {"old", "older", "new", "newer"} == set(store.database.inbox)
    clock.advance(hours=2)
    await record("newest", "last")
    assert {"new", "newer", "newest", "last"} == set(store.database.inbox)


async def test_a_movement_comes_with_the_products_that_it_moves() -> None:
    store = ProductsStore(products_database(FakeClock()), ProductsUnitOfWork)
    product_id, movement_id = ProductId(store.id_of("tea")), MovementId("order-1")
    async with ProductsUnitOfWork(store.database) as unit:
        await unit.load([*store.needs("tea"), (MOVEMENTS, movement_id)])
        store.add(unit, "tea")
        line = MovementLine(product_id=product_id, quantity=-1)
        movement = MovementState(
            movement_id=movement_id,
            kind=MovementKind.RESERVATION,
            lines=(line,),
            status=MovementStatus.HELD,
            at=NOW,
            version=1,
        )
        unit.movements.add(Movement(movement))
        await unit.commit()
    async with ProductsUnitOfWork(store.database) as unit:
        await unit.load([(MOVEMENTS, movement_id)])
        assert unit.products.find(product_id) is not None


async def test_a_lane_that_was_free_must_still_be_so() -> None:
    store = UsersStore(users_database(FakeClock()), UsersUnitOfWork)
    async with store.open_unit() as late:
        assert set() == set(await late.occupied([parked().lane]))
        async with store.open_unit() as first:
            first.park(parked())
            await first.commit()
        late.record(a_delivery("1"), [])
        with pytest.raises(StoreConflict):
            await late.commit()


async def test_what_the_needs_did_not_name_is_a_mistake() -> None:
    store = UsersStore(users_database(FakeClock()), UsersUnitOfWork)
    async with UsersUnitOfWork(store.database) as unit:
        with pytest.raises(LookupError, match="not named among the handler's needs"):
            unit.users.find(UserId("nobody"))


async def test_an_aggregate_is_one_object_by_whichever_key_it_is_found() -> None:
    store = UsersStore(users_database(FakeClock()), UsersUnitOfWork)
    async with UsersUnitOfWork(store.database) as unit:
        await unit.load(store.needs("a"))
        store.add(unit, "a")
        await unit.commit()
    async with UsersUnitOfWork(store.database) as unit:
        await unit.load(store.needs("a"))
        found = unit.users.find(UserId(store.id_of("a")))
        assert found is not None
        assert found is unit.users.by_email("a")
