"""What every list of orders promises."""

from datetime import timedelta
from functools import partial

import pytest
from tests.builders.views import (
    BUYER_ID,
    NOW,
    OTHER_BUYER_ID,
    OTHER_SELLER_ID,
    SELLER_ID,
    an_order_id,
    an_order_view,
    later,
)
from tests.contracts.view_lists import Store, ViewStoreContract, every_page, every_row, order_ids

from tradex_core.events.order import OrderStatus
from tradex_core.views.listing import MAX_LIMIT, OrderFilter
from tradex_core.views.ports import View, ViewQueries


class OrderListContract(ViewStoreContract):
    """The promises of `ViewQueries.orders`."""

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
