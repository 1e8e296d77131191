"""What every store of views promises: subclass `ViewQueriesContract`, give it its fixtures."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import pytest
from msgspec.structs import replace
from tests.builders.views import (
    BUYER_ID,
    NOW,
    OPERATION_ID,
    OTHER_BUYER_ID,
    OTHER_SELLER_ID,
    SELLER_ID,
    a_product_id,
    a_product_stub,
    a_product_view,
    a_user_view,
    an_operation_view,
    an_order_id,
    an_order_stub,
    an_order_view,
    later,
)

from tradex_core.events.order import OrderStatus
from tradex_core.money import Money
from tradex_core.views.listing import (
    MAX_LIMIT,
    OrderFilter,
    Page,
    Position,
    ProductFilter,
    ProductSort,
)
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import View, ViewQueries
from tradex_core.views.product_view import ProductView

V = TypeVar("V")
Store = Callable[..., Awaitable[None]]
"""Commits views, each in place of the one of its id."""

ALL_SORTS = list(ProductSort)
LOWEST, HIGHEST = "0" * 24, "f" * 24


async def every_page(
    read: Callable[..., Awaitable[Page[V]]], *, limit: int, after: Position | None = None
) -> list[tuple[V, ...]]:
    """Follow a list from a position to its end."""
    pages = []
    while True:
        page = await read(after=after, limit=limit)
        pages.append(page.items)
        if page.next is None:
            return pages
        after = page.next


async def every_row(read: Callable[..., Awaitable[Page[V]]], *, limit: int = 2) -> list[V]:
    return [row for rows in await every_page(read, limit=limit) for row in rows]


def names(views: Sequence[ProductView]) -> list[str]:
    return [view.name for view in views]


def product_ids(views: Sequence[ProductView]) -> list[str]:
    return [view.product_id for view in views]


def order_ids(views: Sequence[OrderView]) -> list[str]:
    return [view.order_id for view in views]


def a_catalogue(size: int) -> list[ProductView]:
    """Return products of which several share a name, a price or an instant."""
    return [
        a_product_view(
            number,
            name=f"Tea {number % 3}",
            price=f"{number % 4}.50",
            created_at=later(number % 5),
        )
        for number in range(size)
    ]


class ViewQueriesContract:
    """The promises of `ViewQueries`; a subclass commits views by whatever way its store has."""

    @pytest.fixture
    def queries(self) -> ViewQueries:
        raise NotImplementedError

    @pytest.fixture
    def store(self) -> Store:
        raise NotImplementedError

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

    async def test_a_product_that_is_not_active_is_listed_only_when_asked_for(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(
            a_product_view(1, name="Chai"), a_product_view(2, name="Chang", is_active=False)
        )
        everything = ProductFilter(include_inactive=True, seller=SELLER_ID)

        assert ["Chai"] == names(await every_row(partial(queries.products, ProductFilter())))
        assert ["Chang", "Chai"] == names(await every_row(partial(queries.products, everything)))

    async def test_a_product_leaves_the_list_when_it_is_deactivated_and_comes_back(
        self, queries: ViewQueries, store: Store
    ) -> None:
        product = a_product_view()
        everywhere = partial(queries.products, ProductFilter(category="Beverages"))
        await store(product)
        await store(replace(product, is_active=False, version=2, details_version=2))
        assert [] == await every_row(everywhere)

        await store(replace(product, version=3, details_version=3))
        assert ["Chai"] == names(await every_row(everywhere))

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (ProductFilter(), ["Chai", "Filo Mix", "Ikura", "Konbu"]),
            (ProductFilter(category="Seafood"), ["Ikura", "Konbu"]),
            (ProductFilter(category="seafood"), []),
            (ProductFilter(seller=OTHER_SELLER_ID), ["Filo Mix", "Konbu"]),
            (ProductFilter(category="Seafood", seller=OTHER_SELLER_ID), ["Konbu"]),
            (ProductFilter(category="Seafood", seller="nobody"), []),
            (ProductFilter(category="Grains", text="mix", seller=OTHER_SELLER_ID), ["Filo Mix"]),
            (ProductFilter(category="Seafood", text="mix"), []),
        ],
        ids=repr,
    )
    async def test_products_are_listed_by_all_that_the_filter_names(
        self, queries: ViewQueries, store: Store, where: ProductFilter, expected: list[str]
    ) -> None:
        await store(
            a_product_view(1, name="Chai", category="Beverages"),
            a_product_view(2, name="Ikura", category="Seafood"),
            a_product_view(3, name="Konbu", category="Seafood", seller_id=OTHER_SELLER_ID),
            a_product_view(4, name="Filo Mix", category="Grains", seller_id=OTHER_SELLER_ID),
        )
        read = partial(queries.products, where, sort=ProductSort.NAME)

        assert expected == names(await every_row(read))

    async def test_a_product_without_a_seller_is_listed_but_is_no_seller_s(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(a_product_view(seller_id=None))

        assert 1 == len(await every_row(partial(queries.products, ProductFilter())))
        assert [] == await every_row(partial(queries.products, ProductFilter(seller=SELLER_ID)))
        assert [] == await every_row(partial(queries.products, ProductFilter(seller="None")))

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("blaye", ["Côte de Blaye"]),
            ("COTE", ["Côte de Blaye"]),
            ("cÔt", ["Côte de Blaye"]),
            ("gru", ["Gudbrandsdalsost"]),
            ("brown CHEESE", ["Gudbrandsdalsost"]),
            ("-1", ["Côte de Blaye", "Gudbrandsdalsost"]),
            ("", ["Côte de Blaye", "Gudbrandsdalsost", "100%_pure"]),
            ("0%_p", ["100%_pure"]),
            ("%", ["100%_pure"]),
            ("_", ["100%_pure"]),
            ("\\", []),
            ("blaye gru", []),
        ],
    )
    async def test_text_is_found_whatever_its_case_and_accents_and_never_as_a_pattern(
        self, queries: ViewQueries, store: Store, text: str, expected: list[str]
    ) -> None:
        await store(
            a_product_view(3, name="Côte de Blaye", sku="WINE-1", description="Red"),
            a_product_view(2, name="Gudbrandsdalsost", sku="GRU-1", description="Brown cheese"),
            a_product_view(1, name="100%_pure", sku="X", description=""),
        )

        assert expected == names(
            await every_row(partial(queries.products, ProductFilter(text=text)))
        )

    async def test_text_is_found_however_far_down_the_list_it_stands(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(*(a_product_view(number, name="Tea") for number in range(5, 700)))
        await store(a_product_view(2, name="Ikura"), a_product_view(4, name="Ikura"))
        read = partial(queries.products, ProductFilter(text="ikura"))

        assert [a_product_id(4), a_product_id(2)] == product_ids(await every_row(read, limit=1))

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (ProductSort.NEWEST, ["apple", "Cider", "Éclair", "Bread"]),
            (ProductSort.CHEAPEST, ["Bread", "Éclair", "apple", "Cider"]),
            (ProductSort.DEAREST, ["Cider", "apple", "Éclair", "Bread"]),
            (ProductSort.NAME, ["apple", "Bread", "Cider", "Éclair"]),
        ],
    )
    async def test_products_are_sorted(
        self, queries: ViewQueries, store: Store, sort: ProductSort, expected: list[str]
    ) -> None:
        await store(
            a_product_view(1, name="Bread", price="9.00", created_at=later(1)),
            a_product_view(2, name="Cider", price="100.00", created_at=later(3)),
            a_product_view(3, name="Éclair", price="9.05", created_at=later(2)),
            a_product_view(4, name="apple", price="10.00", created_at=later(4)),
        )

        assert expected == names(
            await every_row(partial(queries.products, ProductFilter(), sort=sort))
        )

    async def test_products_are_listed_newest_first_unless_another_sort_is_asked_for(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(a_product_view(2), a_product_view(1, created_at=later(1)))
        read = partial(queries.products, ProductFilter())

        assert [a_product_id(1), a_product_id(2)] == product_ids(await every_row(read))

    @pytest.mark.parametrize(
        ("sort", "expected"),
        [
            (ProductSort.NEWEST, [3, 2, 1]),
            (ProductSort.CHEAPEST, [1, 2, 3]),
            (ProductSort.DEAREST, [3, 2, 1]),
            (ProductSort.NAME, [1, 2, 3]),
        ],
    )
    async def test_equal_sort_keys_go_by_id_the_same_way(
        self, queries: ViewQueries, store: Store, sort: ProductSort, expected: list[int]
    ) -> None:
        await store(
            *(
                a_product_view(number, name=name)
                for number, name in zip((2, 3, 1), ("CHAI", "chai", "Chaí"), strict=True)
            )
        )
        read = partial(queries.products, ProductFilter(), sort=sort)

        assert [a_product_id(number) for number in expected] == product_ids(
            await every_row(read, limit=1)
        )

    async def test_instants_are_told_apart_to_the_microsecond(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(
            a_product_view(2, created_at=NOW),
            a_product_view(1, created_at=NOW + timedelta(microseconds=1)),
        )
        read = partial(queries.products, ProductFilter())

        assert [a_product_id(1), a_product_id(2)] == product_ids(await every_row(read, limit=1))

    @pytest.mark.parametrize("limit", [1, 2, 7, 24])
    @pytest.mark.parametrize("sort", ALL_SORTS)
    async def test_following_the_pages_meets_every_row_once_in_the_order_of_one_page(
        self, queries: ViewQueries, store: Store, sort: ProductSort, limit: int
    ) -> None:
        await store(*a_catalogue(24))
        read = partial(queries.products, ProductFilter(), sort=sort)
        whole = await read(after=None, limit=MAX_LIMIT)

        assert 24 == len(set(product_ids(whole.items)))
        assert list(whole.items) == await every_row(read, limit=limit)

    async def test_a_page_has_the_limit_s_rows_and_the_last_one_the_rest(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(*a_catalogue(7))
        read = partial(queries.products, ProductFilter())

        assert [3, 3, 1] == [len(rows) for rows in await every_page(read, limit=3)]
        assert [7] == [len(rows) for rows in await every_page(read, limit=7)]
        assert [6, 1] == [len(rows) for rows in await every_page(read, limit=6)]
        assert [7] == [len(rows) for rows in await every_page(read, limit=MAX_LIMIT)]

    async def test_the_largest_limit_is_kept_to(self, queries: ViewQueries, store: Store) -> None:
        await store(*a_catalogue(MAX_LIMIT + 1))
        read = partial(queries.products, ProductFilter())

        assert [MAX_LIMIT, 1] == [len(rows) for rows in await every_page(read, limit=MAX_LIMIT)]

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

    @pytest.mark.parametrize("sort", ALL_SORTS)
    async def test_rows_added_between_two_pages_neither_hide_a_row_nor_show_one_twice(
        self, queries: ViewQueries, store: Store, sort: ProductSort
    ) -> None:
        catalogue = a_catalogue(20)
        added = [
            replace(view, product_id=product_id)
            for view in catalogue
            for product_id in (view.product_id[:-2] + "aa", view.product_id[:4] + "f" * 20)
        ]
        await store(*catalogue[::2])
        read = partial(queries.products, ProductFilter(), sort=sort)
        met: list[str] = []
        after = None
        for views in (added[:20], catalogue[1::2], added[20:], []):
            page = await read(after=after, limit=3)
            met += product_ids(page.items)
            after = page.next
            assert after is not None
            await store(*views)
        met += [
            view.product_id
            for rows in await every_page(read, limit=3, after=after)
            for view in rows
        ]

        assert len(set(met)) == len(met)
        assert set(product_ids(catalogue[::2])) <= set(met)

    @pytest.mark.parametrize("sort", ALL_SORTS)
    async def test_a_list_goes_on_behind_a_row_that_is_no_longer_in_it(
        self, queries: ViewQueries, store: Store, sort: ProductSort
    ) -> None:
        await store(*a_catalogue(9))
        read = partial(queries.products, ProductFilter(), sort=sort)
        whole = await every_row(read)
        page = await read(after=None, limit=4)
        await store(replace(page.items[-1], is_active=False, version=2, details_version=2))

        assert [tuple(whole[4:])] == await every_page(read, limit=9, after=page.next)

    async def test_a_row_whose_sort_key_changes_is_listed_in_its_new_place_alone(
        self, queries: ViewQueries, store: Store
    ) -> None:
        cheap, dear = a_product_view(1, price="1.00"), a_product_view(2, price="2.00")
        await store(cheap, dear)
        await store(replace(cheap, price=Money("3.00"), version=2, details_version=2))
        read = partial(queries.products, ProductFilter(), sort=ProductSort.CHEAPEST)

        assert [a_product_id(2), a_product_id(1)] == product_ids(await every_row(read))

    async def test_a_row_whose_category_changes_is_listed_in_the_new_one_alone(
        self, queries: ViewQueries, store: Store
    ) -> None:
        former = a_product_view(category="Seafood")
        await store(former)
        await store(replace(former, category="Grains", version=2, details_version=2))

        for category, expected in (("Seafood", []), ("Grains", ["Chai"])):
            read = partial(queries.products, ProductFilter(category=category))
            assert expected == names(await every_row(read))

    async def test_a_listed_product_shows_its_latest_stock(
        self, queries: ViewQueries, store: Store
    ) -> None:
        product = a_product_view()
        await store(product)
        await store(replace(product, stock=3, version=2))

        assert [3] == [
            view.stock for view in await every_row(partial(queries.products, ProductFilter()))
        ]

    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            (OrderFilter(), [4, 3, 2, 1]),
            (OrderFilter(status=OrderStatus.CONFIRMED), [4, 2]),
            (OrderFilter(status=OrderStatus.DELIVERED), []),
            (OrderFilter(buyer=BUYER_ID), [2, 1]),
            (OrderFilter(buyer=OTHER_BUYER_ID, status=OrderStatus.CONFIRMED), [4]),
            (OrderFilter(seller=SELLER_ID), [4, 2, 1]),
            (OrderFilter(seller=OTHER_SELLER_ID), [4, 3]),
            (OrderFilter(seller=OTHER_SELLER_ID, status=OrderStatus.PENDING), [3]),
            (OrderFilter(buyer=OTHER_BUYER_ID, seller=SELLER_ID), [4]),
            (OrderFilter(buyer=BUYER_ID, seller=OTHER_SELLER_ID), []),
            (OrderFilter(buyer="nobody"), []),
        ],
        ids=repr,
    )
    async def test_orders_are_listed_by_all_that_the_filter_names(
        self, queries: ViewQueries, store: Store, where: OrderFilter, expected: list[int]
    ) -> None:
        confirmed, both = OrderStatus.CONFIRMED, (SELLER_ID, OTHER_SELLER_ID)
        await store(
            an_order_view(1),
            an_order_view(2, confirmed),
            an_order_view(3, buyer=OTHER_BUYER_ID, sellers=(OTHER_SELLER_ID,)),
            an_order_view(4, confirmed, buyer=OTHER_BUYER_ID, sellers=both),
        )

        assert [an_order_id(number) for number in expected] == order_ids(
            await every_row(partial(queries.orders, where), limit=1)
        )

    async def test_orders_are_listed_newest_first_and_equal_instants_by_id(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(
            an_order_view(2, created_at=later(1)),
            an_order_view(9, created_at=NOW),
            an_order_view(1, created_at=later(1)),
            an_order_view(4, created_at=later(1) + timedelta(microseconds=1)),
        )
        read = partial(queries.orders, OrderFilter())

        assert [an_order_id(number) for number in (4, 2, 1, 9)] == order_ids(
            await every_row(read, limit=1)
        )

    async def test_an_order_is_listed_under_its_latest_status_alone(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(an_order_view(1))
        await store(an_order_view(1, OrderStatus.CONFIRMED))

        for status, expected in ((OrderStatus.PENDING, 0), (OrderStatus.CONFIRMED, 1)):
            read = partial(queries.orders, OrderFilter(status=status, buyer=BUYER_ID))
            assert expected == len(await every_row(read))

    async def test_a_seller_finds_an_order_once_its_sellers_are_known(
        self, queries: ViewQueries, store: Store
    ) -> None:
        read = partial(queries.orders, OrderFilter(seller=SELLER_ID))
        await store(an_order_view(1, sellers=()))
        assert [] == await every_row(read)

        await store(an_order_view(1, sellers=(SELLER_ID,)))
        assert [an_order_id(1)] == order_ids(await every_row(read))

    async def test_orders_placed_between_two_pages_do_not_move_the_next_one(
        self, queries: ViewQueries, store: Store
    ) -> None:
        await store(
            *(an_order_view(number, created_at=later(number % 3)) for number in range(10, 20))
        )
        read = partial(queries.orders, OrderFilter(buyer=BUYER_ID))
        whole = await every_row(read)
        page = await read(after=None, limit=4)
        await store(an_order_view(30, created_at=later(9)), an_order_view(31, created_at=later(2)))

        assert [tuple(whole[4:])] == await every_page(read, limit=10, after=page.next)

    async def test_following_the_pages_meets_every_order_once(
        self, queries: ViewQueries, store: Store
    ) -> None:
        views: list[View] = [
            an_order_view(number, created_at=later(number % 5)) for number in range(24)
        ]
        await store(*views)
        read = partial(queries.orders, OrderFilter())
        whole = await read(after=None, limit=MAX_LIMIT)

        assert 24 == len(set(order_ids(whole.items)))
        assert list(whole.items) == await every_row(read, limit=5)
