"""What every list of products promises."""

from datetime import timedelta
from functools import partial

import pytest
from msgspec.structs import replace
from tests.builders.views import (
    NOW,
    OTHER_SELLER_ID,
    SELLER_ID,
    a_product_id,
    a_product_view,
    later,
)
from tests.contracts.view_lists import (
    ALL_SORTS,
    Store,
    ViewStoreContract,
    a_catalogue,
    every_page,
    every_row,
    names,
    product_ids,
)

from tradex_core.money import Money
from tradex_core.views.listing import MAX_LIMIT, ProductFilter, ProductSort
from tradex_core.views.ports import ViewQueries


class ProductListContract(ViewStoreContract):
    """The promises of `ViewQueries.products`."""

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

    @pytest.mark.parametrize("sort", ALL_SORTS)
    async def test_rows_added_between_two_pages_neither_hide_a_row_nor_show_one_twice(
        self, queries: ViewQueries, store: Store, sort: ProductSort
    ) -> None:
        catalogue = a_catalogue(60)
        there_from_the_start = catalogue[20:40]
        await store(*there_from_the_start)
        read = partial(queries.products, ProductFilter(), sort=sort)
        met: list[str] = []
        after = None
        for added in (catalogue[:10], catalogue[10:20], catalogue[40:50], catalogue[50:]):
            page = await read(after=after, limit=3)
            met += product_ids(page.items)
            after = page.next
            assert after is not None
            await store(*added)
        rest = await every_page(read, limit=3, after=after)
        met += [view.product_id for rows in rest for view in rows]

        assert len(set(met)) == len(met)
        assert set(product_ids(there_from_the_start)) <= set(met)

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
