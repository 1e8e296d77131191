"""The views in memory keep the contract, are right after any writes, and look at little."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.builders.machines import FakeClock
from tests.builders.views import (
    OTHER_SELLER_ID,
    SELLER_ID,
    a_product_stub,
    a_product_view,
    an_operation_view,
    an_order_stub,
    an_order_view,
    kept_under,
    later,
)
from tests.contracts.view_lists import Store
from tests.contracts.views import ViewQueriesContract

from adapters.memory.view_table import ViewTable
from adapters.memory.view_unit import ViewsDatabase, ViewsUnitOfWork
from adapters.memory.views import MemoryViews
from tradex_core.events.order import OrderStatus
from tradex_core.views.listing import (
    OrderFilter,
    Page,
    Position,
    ProductFilter,
    ProductSort,
    order_key,
    product_key,
)
from tradex_core.views.operation_view import OperationView
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import View
from tradex_core.views.product_view import ProductView

CATEGORIES = ("Beverages", "Seafood")
SELLERS = (SELLER_ID, OTHER_SELLER_ID)

products = st.builds(
    a_product_view,
    st.integers(0, 12),
    name=st.sampled_from(("Chai", "chaí", "Chang", "Ikura")),
    price=st.sampled_from(("1.00", "2.00")),
    category=st.sampled_from(CATEGORIES),
    seller_id=st.sampled_from((*SELLERS, None)),
    is_active=st.booleans(),
    created_at=st.integers(0, 2).map(later),
)
product_filters = st.builds(
    ProductFilter,
    category=st.sampled_from((None, *CATEGORIES)),
    text=st.sampled_from((None, "cha")),
    seller=st.sampled_from((None, *SELLERS)),
    include_inactive=st.booleans(),
)
orders = st.builds(
    an_order_view,
    st.integers(0, 12),
    st.sampled_from(OrderStatus),
    buyer=st.sampled_from(("one", "another")),
    sellers=st.sampled_from(((), (SELLER_ID,), SELLERS)),
    created_at=st.integers(0, 2).map(later),
)
order_filters = st.builds(
    OrderFilter,
    status=st.sampled_from((None, OrderStatus.PENDING, OrderStatus.CANCELLED)),
    buyer=st.sampled_from((None, "one")),
    seller=st.sampled_from((None, *SELLERS)),
)


def written(*views: View) -> MemoryViews:
    memory = MemoryViews()
    for view in views:
        memory.write(*kept_under(view), view)
    return memory


class TestMemoryViews(ViewQueriesContract):
    @pytest.fixture
    def queries(self) -> MemoryViews:
        return MemoryViews()

    @pytest.fixture
    def store(self, queries: MemoryViews) -> Store:
        async def store(*views: View) -> None:
            for view in views:
                queries.write(*kept_under(view), view)

        return store


def test_what_was_written_is_read_back_stubs_too() -> None:
    for view in (a_product_view(), a_product_stub(), an_order_view(), an_order_stub()):
        assert view is written(view).read(*kept_under(view))


def test_nothing_is_read_where_nothing_was_written() -> None:
    assert MemoryViews().read("product_views", "unknown") is None


def test_a_collection_that_does_not_exist_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        MemoryViews().read("products", "unknown")


@given(
    st.lists(st.one_of(products, st.integers(0, 12).map(a_product_stub)), max_size=30),
    product_filters,
    st.sampled_from(ProductSort),
    st.integers(1, 4),
)
async def test_after_any_writes_products_are_listed_as_if_sorted_anew(
    writes: list[ProductView], where: ProductFilter, sort: ProductSort, limit: int
) -> None:
    latest = {view.product_id: view for view in writes}
    accepted = where.predicate()
    expected = sorted(
        (view for view in latest.values() if view.is_shown and accepted(view)),
        key=lambda view: (product_key(view, sort), view.product_id),
        reverse=sort.descending,
    )
    memory, listed, after = written(*writes), list[ProductView](), None
    while True:
        page = await memory.products(where, after=after, limit=limit, sort=sort)
        listed += page.items
        after = page.next
        if after is None:
            break

    assert expected == listed


@given(
    st.lists(st.one_of(orders, st.integers(0, 12).map(an_order_stub)), max_size=30),
    order_filters,
    st.integers(1, 4),
)
async def test_after_any_writes_orders_are_listed_as_if_sorted_anew(
    writes: list[OrderView], where: OrderFilter, limit: int
) -> None:
    latest = {view.order_id: view for view in writes}
    accepted = where.predicate()
    expected = sorted(
        (view for view in latest.values() if view.is_shown and accepted(view)),
        key=lambda view: (order_key(view), view.order_id),
        reverse=True,
    )
    memory, listed, after = written(*writes), list[OrderView](), None
    while True:
        page = await memory.orders(where, after=after, limit=limit)
        listed += page.items
        after = page.next
        if after is None:
            break

    assert expected == listed


async def test_a_long_search_lets_other_tasks_have_their_turn_and_sees_what_they_write() -> None:
    memory = written(*(a_product_view(number, name="Tea") for number in range(10, 1000)))
    search = asyncio.create_task(memory.products(ProductFilter(text="ikura"), after=None, limit=1))
    await asyncio.sleep(0)
    assert not search.done()

    found = a_product_view(1, name="Ikura")
    memory.write(*kept_under(found), found)
    assert Page(items=(found,), next=None) == await search


@pytest.mark.parametrize("descending", [False, True])
async def test_a_page_looks_at_no_more_rows_than_it_shows_wherever_it_lies(
    descending: bool,
) -> None:
    table = ViewTable[int](places=lambda number: [("all", (number, f"{number:05}"))])
    for number in range(10_000):
        table.put(f"{number:05}", number)
    looked_at: list[int] = []

    def accepted(number: int) -> bool:
        looked_at.append(number)
        return True

    for after in (None, Position(key=5000, id="05000")):
        looked_at.clear()
        page = await table.page(["all"], accepted, after=after, limit=20, descending=descending)
        assert list(page.items) == looked_at[:20]
        assert 21 == len(looked_at)


async def test_the_shortest_of_the_lists_is_read() -> None:
    table = ViewTable[int](
        places=lambda number: [
            (name, (number, str(number)))
            for name in ("all", "even", "tens")
            if (name == "all" or number % {"even": 2, "tens": 10}[name] == 0)
        ]
    )
    for number in range(100):
        table.put(str(number), number)
    looked_at: list[int] = []

    def accepted(number: int) -> bool:
        looked_at.append(number)
        return True

    await table.page(["all", "even", "tens"], accepted, after=None, limit=20, descending=False)

    assert [0, 10, 20, 30, 40, 50, 60, 70, 80, 90] == looked_at


async def test_a_list_that_nothing_is_left_in_is_an_empty_page() -> None:
    product = a_product_view(category="Seafood")
    memory = written(product, a_product_view(category="Grains"))

    assert Page[ProductView](items=(), next=None) == await memory.products(
        ProductFilter(category="Seafood"), after=None, limit=1
    )


async def test_an_outcome_is_kept_for_a_week_and_then_makes_room_for_others() -> None:
    clock = FakeClock()
    database = ViewsDatabase(clock)

    async def outcome_of(operation_id: str) -> OperationView:
        view = replace(an_operation_view(), operation_id=operation_id)
        async with ViewsUnitOfWork(database) as unit:
            unit.operation_views.put(view)
            await unit.commit()
        return view

    first = await outcome_of("first")
    assert first == await outcome_of("first")
    clock.advance(days=7)
    second = await outcome_of("second")
    assert first == await database.views.operation("first")
    clock.advance(minutes=1)
    await outcome_of("third")
    assert await database.views.operation("first") is None
    assert second == await database.views.operation("second")
