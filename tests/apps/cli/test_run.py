"""`tradex run` as an operator meets it: what it refuses, and how it ends."""

import os
import subprocess
import sys
from collections.abc import Mapping

import pytest

from adapters.security.sealing import generate_key_pair

ORDERS = {
    "TRADEX_BROKER": "kafka",
    "TRADEX_KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "TRADEX_ORDERS_DATABASE_URL": "postgresql://tradex:hunter2@127.0.0.1:1/orders",
    "TRADEX_ACTOR_SIGNING_KEY": "00" * 32,
    "TRADEX_HTTP_PORT": "0",
}
_MAIN = "from apps.cli.main import main; main()"


def tradex(
    *arguments: str, settings: Mapping[str, str], without: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command with these settings alone, as if a driver were not installed."""
    missing = f"import sys; sys.modules[{without!r}] = None; " if without else ""
    return subprocess.run(
        [sys.executable, "-c", missing + _MAIN, *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "src", **settings},
        text=True,
        capture_output=True,
        check=False,
        timeout=60,
    )


def test_what_an_app_lacks_is_exit_status_2_and_told_at_once() -> None:
    ran = tradex("run", "auth", settings={"TRADEX_HTTP_PORT": "eighty"})

    assert (2, "") == (ran.returncode, ran.stdout)
    for name in (
        "HTTP_PORT: 'eighty'",
        "BROKER: `tradex run auth`",
        "KAFKA_BOOTSTRAP_SERVERS: it is missing",
        "AUTH_DATABASE_URL: it is missing",
        "ACTOR_SIGNING_KEY: it is missing",
        "SEALING_KEYS: it is missing",
    ):
        assert f"TRADEX_{name}" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_an_app_that_there_is_not_is_exit_status_2() -> None:
    ran = tradex("run", "payments", settings=ORDERS)

    assert 2 == ran.returncode
    assert "'gateway', 'auth', 'catalog', 'orders', 'projector'" in ran.stderr


def test_a_key_that_cannot_be_read_is_exit_status_2_and_not_shown() -> None:
    pytest.importorskip("confluent_kafka")
    pytest.importorskip("psycopg")
    settings = ORDERS | {
        "TRADEX_AUTH_DATABASE_URL": "postgresql://127.0.0.1:1/auth",
        "TRADEX_SEALING_KEYS": "hunter2",
    }

    ran = tradex("run", "auth", settings=settings)

    assert 2 == ran.returncode
    assert "TRADEX_SEALING_KEYS: " in ran.stderr
    assert "hunter2" not in ran.stderr


@pytest.mark.parametrize(
    ("app", "driver", "remedy"),
    [
        (
            "orders",
            "confluent_kafka",
            "TRADEX_BROKER=kafka needs confluent-kafka: pip install 'tradex[kafka]'",
        ),
        ("orders", "sqlalchemy", "pip install 'tradex[postgres]'"),
        ("catalog", "pymongo", "pip install 'tradex[mongo]'"),
    ],
)
def test_a_driver_that_is_not_installed_is_exit_status_1_and_names_the_extra(
    app: str, driver: str, remedy: str
) -> None:
    for other in {"confluent_kafka", "sqlalchemy", "pymongo"} - {driver}:
        pytest.importorskip(other)
    settings = ORDERS | {"TRADEX_CATALOG_DATABASE_URL": "mongodb://127.0.0.1:1/catalog"}

    ran = tradex("run", app, settings=settings, without=driver)

    assert (1, "") == (ran.returncode, ran.stdout)
    assert remedy in ran.stderr
    assert "Traceback" not in ran.stderr


def test_servers_that_never_come_are_exit_status_1_and_named() -> None:
    pytest.importorskip("confluent_kafka")
    pytest.importorskip("psycopg")

    ran = tradex("run", "orders", settings=ORDERS | {"TRADEX_STARTUP_TIMEOUT": "1s"})

    assert (1, "") == (ran.returncode, ran.stdout)
    assert "Error: orders cannot start: not there within 1 s:" in ran.stderr
    assert "(TRADEX_KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:1)" in ran.stderr
    assert "127.0.0.1:1/orders" in ran.stderr
    assert "(TRADEX_ORDERS_DATABASE_URL)" in ran.stderr
    assert "hunter2" not in ran.stderr
    assert "Traceback" not in ran.stderr


def test_half_a_key_pair_is_refused_by_the_platform_alone() -> None:
    half = {"TRADEX_SEALING_KEYS": generate_key_pair().private}

    ran = tradex("up", "--port", "0", settings=half)

    assert 2 == ran.returncode
    assert "TRADEX_SEALING_PUBLIC_KEY: it is missing" in ran.stderr


def test_a_command_that_needs_no_keys_runs_beside_an_app_that_has_half_a_pair() -> None:
    half = {"TRADEX_SEALING_KEYS": generate_key_pair().private}

    ran = tradex(
        *("users", "create-admin", "--email", "ada@example.com", "--password-stdin"), settings=half
    )

    assert 1 == ran.returncode
    assert "no platform listens" in ran.stderr
