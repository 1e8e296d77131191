from datetime import date
from pathlib import Path

import pytest

from apps.demo.northwind import Customer, Day, Line, Northwind, Order
from tradex_core.money import Money


@pytest.fixture(scope="module")
def northwind() -> Northwind:
    return Northwind.read()


def test_the_whole_sample_is_there(northwind: Northwind) -> None:
    assert (77, 91, 830) == (
        len(northwind.products),
        len(northwind.customers),
        len(northwind.orders),
    )
    assert 2155 == sum(len(order.lines) for order in northwind.orders)
    assert 51_317 == sum(line.quantity for order in northwind.orders for line in order.lines)


def test_orders_come_by_date_with_their_lines(northwind: Northwind) -> None:
    expected = Order(
        number="10248",
        customer="VINET",
        day=date(1996, 7, 4),
        lines=(
            Line("11", 12, Money("14.00")),
            Line("42", 10, Money("9.80")),
            Line("72", 5, Money("34.80")),
        ),
    )

    assert expected == northwind.orders[0]
    assert sorted(order.day for order in northwind.orders) == [o.day for o in northwind.orders]


def test_a_product_has_its_catalogue_price_its_stock_and_a_sku(northwind: Northwind) -> None:
    chai = northwind.products[0]

    assert ("Chai", "Beverages", Money("18.00"), 39, "NW-0001") == (
        chai.name,
        chai.category,
        chai.price,
        chai.stock,
        chai.sku,
    )


def test_no_two_products_share_a_sku(northwind: Northwind) -> None:
    assert 77 == len({product.sku for product in northwind.products})


def test_names_keep_their_accents(northwind: Northwind) -> None:
    contacts = {customer.code: customer for customer in northwind.customers}

    assert Customer("BERGS", "Berglunds snabbköp", "Christina Berglund") == contacts["BERGS"]


def test_every_line_is_of_a_product_and_every_order_of_a_customer(northwind: Northwind) -> None:
    products = {product.number for product in northwind.products}
    customers = {customer.code for customer in northwind.customers}

    assert products == {line.product for order in northwind.orders for line in order.lines}
    assert {order.customer for order in northwind.orders} <= customers


def test_a_product_has_one_price_a_day(northwind: Northwind) -> None:
    for day in northwind.days:
        lines = [line for order in day.orders for line in order.lines]
        assert all(line.price == day.prices[line.product] for line in lines)


def test_the_days_hold_all_the_orders_in_order(northwind: Northwind) -> None:
    assert 480 == len(northwind.days)
    assert list(northwind.orders) == [order for day in northwind.days for order in day.orders]


def test_from_the_catalogues_prices_on_the_history_moves_156_times(northwind: Northwind) -> None:
    prices = {product.number: product.price for product in northwind.products}
    moves = 0
    for day in northwind.days:
        moves += sum(prices[number] != price for number, price in day.prices.items())
        prices |= day.prices

    assert 156 == moves


def test_another_sample_can_be_read(tmp_path: Path) -> None:
    files = {
        "products": "product_id,name,quantity_per_unit,category,unit_price,units_in_stock\n"
        "7,Tea,20 bags,Beverages,2.50,3\n",
        "customers": "customer_id,company_name,contact_name\nANNA,Anna & Co,Anna Ä.\n",
        "orders": "order_id,customer_id,order_date\n2,ANNA,2024-01-02\n1,ANNA,2024-01-01\n",
        "order_lines": "order_id,product_id,unit_price,quantity\n1,7,2.40,1\n2,7,2.50,2\n",
    }
    for name, content in files.items():
        (tmp_path / f"{name}.csv").write_text(content, encoding="utf-8")

    sample = Northwind.read(tmp_path)

    assert ["1", "2"] == [order.number for order in sample.orders]
    assert {"7": Money("2.40")} == Day(date(2024, 1, 1), sample.orders[:1]).prices
    assert "Anna Ä." == sample.customers[0].contact
