"""What is listed, by which key, and how much of it at once."""

from datetime import timedelta

import pytest
from tests.builders.views import (
    NOW,
    OTHER_BUYER_ID,
    OTHER_SELLER_ID,
    SELLER_ID,
    a_product_view,
    an_order_view,
)

from tradex_core.events.order import OrderStatus
from tradex_core.views.listing import (
    MAX_LIMIT,
    OrderFilter,
    ProductFilter,
    ProductSort,
    checked_limit,
    order_key,
    product_key,
)

CHAI = a_product_view(
    name="Thé Chai", sku="TEA-7", description="Épices douces", category="Beverages"
)
NOW_KEY = 1_705_312_800_000_000


@pytest.mark.parametrize(
    "where",
    [
        ProductFilter(),
        ProductFilter(category="Beverages"),
        ProductFilter(seller=SELLER_ID),
        ProductFilter(text=""),
        ProductFilter(text="the ch"),
        ProductFilter(text="tea-7"),
        ProductFilter(text="ÉPICES"),
        ProductFilter(category="Beverages", seller=SELLER_ID, text="chai", include_inactive=True),
    ],
    ids=repr,
)
def test_a_product_is_accepted_where_all_of_the_filter_fits(where: ProductFilter) -> None:
    assert where.predicate()(CHAI)


@pytest.mark.parametrize(
    "where",
    [
        ProductFilter(category="beverages"),
        ProductFilter(seller=OTHER_SELLER_ID),
        ProductFilter(text="coffee"),
        ProductFilter(text="chai tea-7"),
        ProductFilter(category="Beverages", text="coffee"),
    ],
    ids=repr,
)
def test_a_product_is_left_out_where_one_part_of_the_filter_does_not_fit(
    where: ProductFilter,
) -> None:
    assert not where.predicate()(CHAI)


def test_inactive_products_are_accepted_only_when_asked_for() -> None:
    inactive = a_product_view(is_active=False)

    assert not ProductFilter().predicate()(inactive)
    assert ProductFilter(include_inactive=True).predicate()(inactive)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (OrderFilter(), True),
        (OrderFilter(status=OrderStatus.CONFIRMED, seller=SELLER_ID), True),
        (OrderFilter(status=OrderStatus.PENDING), False),
        (OrderFilter(buyer=OTHER_BUYER_ID), False),
        (OrderFilter(seller=OTHER_SELLER_ID), False),
    ],
    ids=repr,
)
def test_an_order_is_accepted_where_all_of_the_filter_fits(
    where: OrderFilter, expected: bool
) -> None:
    assert expected == where.predicate()(an_order_view(status=OrderStatus.CONFIRMED))


@pytest.mark.parametrize(
    ("sort", "key", "descending"),
    [
        (ProductSort.NEWEST, NOW_KEY + 1, True),
        (ProductSort.CHEAPEST, 1850, False),
        (ProductSort.DEAREST, 1850, True),
        (ProductSort.NAME, "creme", False),
    ],
)
def test_each_sort_has_its_key_and_direction(
    sort: ProductSort, key: int | str, descending: bool
) -> None:
    created_at = NOW + timedelta(microseconds=1)
    view = a_product_view(name="Crème", price="18.50", created_at=created_at)

    assert key == product_key(view, sort)
    assert descending == sort.descending


def test_orders_are_sorted_to_the_microsecond() -> None:
    assert NOW_KEY + 1 == order_key(an_order_view(created_at=NOW + timedelta(microseconds=1)))


@pytest.mark.parametrize("limit", [1, MAX_LIMIT])
def test_a_limit_within_bounds_is_taken(limit: int) -> None:
    assert limit == checked_limit(limit)


@pytest.mark.parametrize("limit", [-1, 0, MAX_LIMIT + 1])
def test_a_limit_out_of_bounds_is_a_mistake_of_the_caller(limit: int) -> None:
    with pytest.raises(ValueError, match=f"1 to {MAX_LIMIT} rows, not {limit}"):
        checked_limit(limit)
