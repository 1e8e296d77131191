"""`tradex db`: what it says of a database, and what it needs to be told of one."""

import pytest
from tests.apps.cli.shown import invoke

from apps.cli.databases import told
from apps.operations.databases import Upgraded


@pytest.mark.parametrize(
    ("upgraded", "said"),
    [
        (Upgraded(None, "orders_0002", changed=True), "from nothing to orders_0002"),
        (Upgraded("orders_0001", "orders_0002", changed=True), "from orders_0001 to orders_0002"),
        (Upgraded("orders_0002", "orders_0002", changed=False), "at orders_0002 already"),
        (Upgraded(None, None, changed=True), "what was missing is made"),
        (Upgraded(None, None, changed=False), "nothing was missing"),
    ],
)
def test_an_upgrade_says_from_where_to_where(upgraded: Upgraded, said: str) -> None:
    assert said == told(upgraded)


@pytest.mark.parametrize("command", ["upgrade", "check"])
@pytest.mark.parametrize(
    ("app", "scheme"),
    [
        ("auth", "postgresql"),
        ("catalog", "mongodb"),
        ("gateway", "postgresql"),
        ("orders", "postgresql"),
    ],
)
def test_a_database_in_memory_needs_no_set_up(command: str, app: str, scheme: str) -> None:
    status, out, err = invoke("db", command, app)
    variable = f"TRADEX_{app.upper()}_DATABASE_URL"
    assert (2, "") == (status, out)
    assert f"{variable}: `tradex db {command} {app}` works on a server's database" in err
    assert f"for example {variable}={scheme}://" in err


def test_only_an_app_that_has_a_database_can_be_named() -> None:
    status, out, err = invoke("db", "upgrade", "projector")
    assert (2, "") == (status, out)
    assert "'auth', 'catalog', 'gateway', 'orders'" in err


def test_a_server_that_is_away_is_named_with_the_setting_that_says_where() -> None:
    pytest.importorskip("sqlalchemy")
    url = "postgresql://somebody:hidden@127.0.0.1:1/orders"
    status, out, err = invoke("db", "check", "orders", orders_database_url=url)
    assert (1, "") == (status, out)
    assert "PostgreSQL 127.0.0.1:1/orders" in err
    assert "is where TRADEX_ORDERS_DATABASE_URL says" in err
    assert "hidden" not in err
