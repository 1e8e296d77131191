"""What every store of views promises: subclass `ViewQueriesContract`, give it its fixtures."""

from functools import partial

import pytest
from msgspec.structs import replace
from tests.builders.views import (
    BUYER_ID,
    OPERATION_ID,
    SELLER_ID,
    a_product_id,
    a_product_stub,
    a_product_view,
    a_user_view,
    an_operation_view,
    an_order_id,
    an_order_stub,
    an_order_view,
)
from tests.contracts.view_lists import ALL_SORTS, Store, every_page, every_row, names
from tests.contracts.view_orders import OrderListContract
from tests.contracts.view_products import ProductListContract

from tradex_core.events.order import OrderStatus
from tradex_core.views.listing import MAX_LIMIT, OrderFilter, Page, ProductFilter, ProductSort
from tradex_core.views.ports import ViewQueries
from tradex_core.views.product_view import ProductView


class ViewQueriesContract(ProductListContract, OrderListContract):
    """The promises of `ViewQueries`: those of its lists, and these."""

    async def test_a_view_is_found_by_its_id(self, queries: ViewQueries, store: Store) -> None:
        product, order, user = a_product_view(1), an_order_view(1), a_user_view()
        operation = an_operation_view()
        await store(product, order, user, operation, a_product_view(2), an_order_view(2))

        assert product == await queries.product(product.product_id)
        assert order == await queries.order(order.order_id)
        assert user == await queries.user(user.user_id)
        assert operation == await queries.operation(operation.operation_id)

    async def test_an_id_that_nobody_knows_finds_nothing(self, queries: ViewQueries) -> None:
        assert await queries.product(a_product_id(1)) is None
        assert await queries.order(an_order_id(1)) is None
        assert await queries.user(BUYER_ID) is None
        assert await queries.operation(OPERATION_ID) is None

    async def test_an_id_of_another_shape_finds_nothing(self, queries: ViewQueries) -> None:
        for strange in ("", "%", "' OR ''='", "ñ" * 300):
            assert await queries.product(strange) is None
            assert await queries.order(strange) is None
            assert await queries.user(strange) is None
            assert await queries.operation(strange) is None

    async def test_a_view_that_is_stored_again_replaces_the_former(
        self, queries: ViewQueries, store: Store
    ) -> None:
        former = a_product_view(name="Chai")
        await store(former)
        await store(replace(former, name="Chang", version=2, details_version=2))

        found = await queries.product(former.product_id)
        assert found is not None
        assert "Chang" == found.name
        assert ["Chang"] == names(await every_row(partial(queries.products, ProductFilter())))

    async def test_several_products_are_found_at_once_by_their_ids(
        self, queries: ViewQueries, store: Store
    ) -> None:
        active, inactive = a_product_view(1), a_product_view(2, is_active=False)
        await store(active, inactive, a_product_stub(3), a_product_view(4))
        asked = [*map(a_product_id, range(1, 4)), a_product_id(9), "ñ" * 300, "' OR ''='"]

        assert {
            active.product_id: active,
            inactive.product_id: inactive,
        } == await queries.products_by_id(asked)
        assert {} == await queries.products_by_id([])

    async def test_a_stub_is_not_shown(self, queries: ViewQueries, store: Store) -> None:
        await store(a_product_stub(1), an_order_stub(1))

        assert await queries.product(a_product_id(1)) is None
        assert await queries.order(an_order_id(1)) is None

    @pytest.mark.parametrize("sort", ALL_SORTS)
    async def test_a_stub_is_not_listed(
        self, queries: ViewQueries, store: Store, sort: ProductSort
    ) -> None:
        await store(a_product_stub(1), an_order_stub(1))
        where = ProductFilter(include_inactive=True)
        confirmed = OrderFilter(status=OrderStatus.CONFIRMED, seller=SELLER_ID)

        assert [] == await every_row(partial(queries.products, where, sort=sort))
        assert [] == await every_row(partial(queries.orders, OrderFilter()))
        assert [] == await every_row(partial(queries.orders, confirmed))

    async def test_a_stub_is_shown_once_it_is_completed(
        self, queries: ViewQueries, store: Store
    ) -> None:
        product, order = a_product_view(1), an_order_view(1)
        await store(a_product_stub(1), an_order_stub(1))
        await store(product, order)

        assert product == await queries.product(product.product_id)
        assert [product] == await every_row(partial(queries.products, ProductFilter()))
        assert [order] == await every_row(partial(queries.orders, OrderFilter(seller=SELLER_ID)))

    async def test_a_product_that_is_not_active_is_found_by_its_id(
        self, queries: ViewQueries, store: Store
    ) -> None:
        product = a_product_view(is_active=False)
        await store(product)

        assert product == await queries.product(product.product_id)

    async def test_an_empty_list_is_one_empty_page(self, queries: ViewQueries) -> None:
        nothing = Page[ProductView](items=(), next=None)

        assert nothing == await queries.products(ProductFilter(), after=None, limit=1)
        assert [()] == await every_page(partial(queries.orders, OrderFilter()), limit=1)

    @pytest.mark.parametrize("limit", [-1, 0, MAX_LIMIT + 1])
    async def test_a_limit_out_of_bounds_is_a_mistake_of_the_caller(
        self, queries: ViewQueries, limit: int
    ) -> None:
        with pytest.raises(ValueError, match="rows"):
            await queries.products(ProductFilter(), after=None, limit=limit)
        with pytest.raises(ValueError, match="rows"):
            await queries.orders(OrderFilter(), after=None, limit=limit)
