"""`tradex db`, `orders verify` and `stock verify` on the real servers."""

import asyncio
import json
from datetime import timedelta
from urllib.parse import urlsplit

import psycopg
import pytest
from pymongo import MongoClient
from tests.apps.cli.shown import invoke
from tests.builders.machines import FakeClock
from tests.builders.orders import BUYER_ID, NOW, a_line
from tests.builders.products import TEA, a_product
from tests.services.adapters.mongo.work import add

from adapters.mongo.products import products_database
from adapters.postgres.orders import OrdersDatabase, OrdersUnitOfWork
from tradex_core.ids import OrderId
from tradex_core.orders.order import Order, Reason

ON_POSTGRES = ("auth", "gateway", "orders")
DELETE_ROWS = "DELETE FROM order_items WHERE \"orderId\" = 'ID'; DELETE FROM orders WHERE id = 'ID'"


def an_id(number: int) -> OrderId:
    return OrderId(f"018d0c1e-8a00-7000-8000-{number:012x}")


async def keep_orders(url: str, count: int) -> None:
    """Write orders as their service does: every second one is cancelled, in a unit of its own."""
    database = OrdersDatabase(url, FakeClock())
    at = NOW + timedelta(microseconds=123_456)
    orders = [
        Order.place(order_id=an_id(number), user_id=BUYER_ID, items=(a_line(),), at=at)
        for number in range(count)
    ]
    async with OrdersUnitOfWork(database) as unit:
        await unit.load(("orders", order.state.order_id) for order in orders)
        for order in orders:
            unit.orders.add(order)
        await unit.commit()
    async with OrdersUnitOfWork(database) as unit:
        await unit.load(("orders", order.state.order_id) for order in orders)
        for order in orders[::2]:
            unit.orders.get(order.state.order_id).cancel(reason=Reason.REQUESTED, at=at)
        await unit.commit()
    await database.close()


def change(url: str, statement: str) -> None:
    """Do what nobody but the service should."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def orders_url(postgres_url: str) -> str:
    assert 0 == invoke("db", "upgrade", "orders", orders_database_url=postgres_url)[0]
    asyncio.run(keep_orders(postgres_url, 9))
    return postgres_url


@pytest.mark.parametrize("app", ON_POSTGRES)
def test_an_upgrade_says_from_where_to_where_and_a_repeat_changes_nothing(
    postgres_url: str, app: str
) -> None:
    where = {f"{app}_database_url": postgres_url}
    status, out, err = invoke("db", "upgrade", app, **where)
    assert (0, "") == (status, err)
    assert out.startswith(f"{app}: from nothing to {app}_0")
    status, out, _ = invoke("db", "upgrade", app, "--json", **where)
    again = json.loads(out)
    assert (0, app, False) == (status, again["app"], again["changed"])
    assert again["before"] == again["after"]


@pytest.mark.parametrize("app", ON_POSTGRES)
def test_a_check_names_the_remedy_and_then_every_difference(postgres_url: str, app: str) -> None:
    where = {f"{app}_database_url": postgres_url}
    status, out, _ = invoke("db", "check", app, **where)
    assert 1 == status
    assert f"run `tradex db upgrade {app}`" in " ".join(out.split())
    invoke("db", "upgrade", app, **where)
    assert (0, f"{app}: as the code wants it\n", "") == invoke("db", "check", app, **where)
    change(postgres_url, "ALTER TABLE outbox ADD COLUMN mine text")
    status, out, err = invoke("db", "check", app, "--json", **where)
    assert 1 == status
    assert "mine" in json.loads(out)["problems"][0]
    assert f"the {app} database is not as the code wants it" in err


def test_the_catalogues_database_is_upgraded_and_checked_like_the_others(mongo_url: str) -> None:
    where = {"catalog_database_url": mongo_url}
    status, out, _ = invoke("db", "check", "catalog", **where)
    assert 1 == status
    assert "run `tradex db upgrade catalog`" in " ".join(out.split())
    said = "catalog: what was missing is made\n", "catalog: nothing was missing\n"
    for line in said:
        assert (0, line, "") == invoke("db", "upgrade", "catalog", **where)
    assert (0, "catalog: as the code wants it\n", "") == invoke("db", "check", "catalog", **where)


def test_orders_that_are_what_their_events_say_are_counted(orders_url: str) -> None:
    said = (0, "9 orders, each as it is derived\n", "")
    assert said == invoke("orders", "verify", orders_database_url=orders_url)


@pytest.mark.parametrize(
    ("meddling", "field"),
    [
        ("UPDATE orders SET status = 'delivered' WHERE id = 'ID'", "status"),
        ("UPDATE orders SET \"totalAmount\" = 1 WHERE id = 'ID'", "total_amount"),
        ("UPDATE orders SET \"updatedAt\" = now() WHERE id = 'ID'", "updated_at"),
        ("UPDATE order_items SET quantity = 3 WHERE \"orderId\" = 'ID'", "items"),
        ("DELETE FROM order_items WHERE \"orderId\" = 'ID'", "items"),
        ("DELETE FROM order_events WHERE version = 1 AND \"orderId\" = 'ID'", "events"),
        (
            "DELETE FROM order_items WHERE \"orderId\" = 'ID';DELETE FROM orders WHERE id = 'ID'",
            "row",
        ),
    ],
)
def test_an_order_that_somebody_meddled_with_is_told_and_no_other(
    orders_url: str, meddling: str, field: str
) -> None:
    change(orders_url, meddling.replace("ID'", f"{an_id(4)}'"))
    status, out, err = invoke("orders", "verify", "--json", orders_database_url=orders_url)
    found = json.loads(out)
    assert (1, 9) == (status, found["checked"])
    assert {an_id(4)} == {each["id"] for each in found["differences"]}
    assert field in [each["field"] for each in found["differences"]]
    assert "1 of 9 orders are kept otherwise than they are derived" in err


def test_stock_that_somebody_meddled_with_is_told(mongo_url: str) -> None:
    where = {"catalog_database_url": mongo_url}
    invoke("db", "upgrade", "catalog", **where)
    asyncio.run(keep_stock(mongo_url))
    assert (0, "1 products, each as it is derived\n", "") == invoke("stock", "verify", **where)
    with MongoClient[dict[str, object]](mongo_url) as client:
        client.get_default_database()["products"].update_many({}, {"$inc": {"stock": 1}})
    status, out, err = invoke("stock", "verify", "--json", **where)
    [difference] = json.loads(out)["differences"]
    assert (1, "stock") == (status, difference["field"])
    assert difference["derived"] + 1 == difference["kept"]
    assert "1 of 1 products are kept otherwise" in err


async def keep_stock(url: str) -> None:
    """Write a product as the catalogue does."""
    database = products_database(url, FakeClock())
    await add(database, a_product(TEA))
    await database.close()


@pytest.mark.parametrize("command", [("orders", "verify"), ("db", "check", "orders")])
def test_a_database_that_does_not_exist_is_named(
    postgres_server: str, command: tuple[str, ...]
) -> None:
    nowhere = postgres_server.rpartition("/")[0] + "/nowhere"
    status, out, err = invoke(*command, orders_database_url=nowhere)
    assert (1, "") == (status, out)
    assert "nowhere" in err
    assert "is where TRADEX_ORDERS_DATABASE_URL says" in err


def test_a_database_that_nobody_has_upgraded_is_told_with_the_remedy(postgres_url: str) -> None:
    status, out, err = invoke("orders", "verify", orders_database_url=postgres_url)
    assert (1, "") == (status, out)
    assert "`tradex db upgrade` makes the tables" in err


def test_a_role_that_may_make_no_tables_is_told_what_to_use_instead(postgres_url: str) -> None:
    role = f"{postgres_url.rpartition('/')[2]}_app"
    change(postgres_url, f'CREATE ROLE "{role}" LOGIN')
    parts = urlsplit(postgres_url)
    url = parts._replace(netloc=f"{role}@{parts.hostname}:{parts.port}").geturl()
    status, out, err = invoke("db", "upgrade", "orders", orders_database_url=url)
    change(postgres_url, f'DROP ROLE "{role}"')
    assert (1, "") == (status, out)
    assert "permission denied for schema public: give the role that right" in err
