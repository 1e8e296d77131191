"""Each app as a process of its own, from its start to its end, on real servers."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from confluent_kafka.admin import AdminClient
from tests.builders.telemetry import (
    declared,
    on_servers,
    sampled,
    shown,
    told_wrongly,
    unknown_fields,
)
from tests.journeys.people import PASSWORD, WAIT, a_line, a_product, an_account
from tests.services.apps.apps_alone import ENDING_SECONDS, AppAlone, health, lives, until
from tests.services.apps.conftest import apply_topics
from tests.services.servers.process import free_port

from tradex_core.events import topics

APPS = ("auth", "catalog", "orders", "projector", "gateway")
Start = Callable[..., AppAlone]


@pytest.fixture
def start(environment: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Starts apps, and kills what is left of them."""
    numbers = count(1)
    with ExitStack() as stack:

        def begin(app: str, **settings: str) -> AppAlone:
            name = f"{app}-{next(numbers)}"
            told = {"TRADEX_CONTROL_SOCKET": str(tmp_path / f"{name}.sock")}
            told |= {f"TRADEX_{setting.upper()}": value for setting, value in settings.items()}
            log = tmp_path / f"{name}.log"
            return stack.enter_context(AppAlone(app, environment | told, log))

        yield begin


@pytest.mark.parametrize("app", APPS)
def test_an_app_is_ready_tells_so_and_ends_in_time(start: Start, app: str) -> None:
    port = str(free_port())
    apart = {"metrics_port": port} if app == "gateway" else {}
    running = start(app, log_format="json", **apart)
    url = running.ready()

    answer = health(url)
    scrape = httpx.get(f"http://127.0.0.1:{port}/metrics" if apart else f"{url}/metrics").text
    status, seconds = running.end()

    lines = [json.loads(line) for line in running.errors().splitlines()]
    assert [] == told_wrongly(scrape)
    assert declared(app) == shown(scrape)
    assert set() == on_servers() - sampled(scrape)
    assert app == "gateway" or "tradex_consumer_lag_messages" in sampled(scrape)
    assert (set(), {app}) == (unknown_fields(lines), {line["service.name"] for line in lines})

    assert 200 == answer.status_code
    checks = {} if app == "gateway" else {"broker": True, "database": True}
    assert checks.items() <= answer.json().get("checks", {}).items()
    assert (0, True) == (status, seconds < ENDING_SECONDS)


def test_ctrl_c_ends_an_app_as_well(start: Start) -> None:
    running = start("orders")
    running.ready()

    status, seconds = running.end(signal.SIGINT)

    assert (0, True) == (status, seconds < ENDING_SECONDS)


@pytest.mark.parametrize("app", APPS)
def test_an_app_can_be_told_to_end_while_it_waits_for_its_servers(start: Start, app: str) -> None:
    port = free_port()
    running = start(app, kafka_bootstrap_servers="127.0.0.1:1", http_port=str(port))
    until(lambda: lives(port))

    status, seconds = running.end()

    assert (0, True) == (status, seconds < ENDING_SECONDS + 1)


def test_a_topic_that_is_missing_is_named_with_the_remedy(
    start: Start, admin: AdminClient, own_kafka: str
) -> None:
    for deleted in admin.delete_topics([topics.STOCK_RESERVED]).values():
        deleted.result()
    try:
        status, said = start("orders").refused()
    finally:
        asyncio.run(apply_topics(own_kafka))

    assert 1 == status
    assert topics.STOCK_RESERVED in said
    assert "`tradex topics apply`" in said
    assert topics.ORDER_CREATED not in said


@pytest.mark.parametrize("app", ["auth", "orders", "projector", "gateway"])
def test_a_database_without_its_tables_is_told_with_the_remedy(
    start: Start, postgres_url: str, app: str
) -> None:
    service = "gateway" if app == "projector" else app

    status, said = start(app, **{f"{service}_database_url": postgres_url}).refused()

    assert 1 == status
    assert f"`tradex db upgrade {service}`" in said


def test_a_catalogue_without_its_indexes_is_told_with_the_remedy(
    start: Start, mongo_url: str
) -> None:
    empty = urlsplit(mongo_url)._replace(path="/nothing").geturl()

    status, said = start("catalog", catalog_database_url=empty).refused()

    assert 1 == status
    assert "`tradex db upgrade catalog`" in said


def test_a_database_that_is_not_there_is_named_without_its_password(start: Start) -> None:
    url = "postgresql://tradex:hunter2@127.0.0.1:1/auth"

    status, said = start("auth", auth_database_url=url, startup_timeout="2s").refused()

    assert 1 == status
    assert "database: " in said
    assert "(TRADEX_AUTH_DATABASE_URL)" in said
    assert "broker: " not in said
    assert "hunter2" not in said


def test_an_app_whose_tables_go_away_under_it_ends_with_one_clear_line(
    start: Start, environment: dict[str, str]
) -> None:
    running = start("auth")
    running.ready()
    with psycopg.connect(environment["TRADEX_AUTH_DATABASE_URL"]) as connection:
        connection.execute("ALTER TABLE parked_messages RENAME TO elsewhere")
    try:
        status = running.process.wait(timeout=30)
    finally:
        with psycopg.connect(environment["TRADEX_AUTH_DATABASE_URL"]) as connection:
            connection.execute("ALTER TABLE elsewhere RENAME TO parked_messages")

    [line] = [line for line in running.errors().splitlines() if line.startswith("Error: ")]
    assert 1 == status
    assert "auth's consumer ended" in line


def test_apps_that_run_apart_sell_something_twice_over(start: Start) -> None:
    running = {f"{app}-{number}": start(app) for app in APPS for number in (1, 2)}
    with ThreadPoolExecutor() as waiting:
        urls = dict(zip(running, waiting.map(AppAlone.ready, running.values()), strict=True))
    with (
        httpx.Client(base_url=f"{urls['gateway-1']}/v1", timeout=40) as one,
        httpx.Client(base_url=f"{urls['gateway-2']}/v1", timeout=40) as other,
    ):
        seller, buyer = signed_in(one, "seller"), signed_in(other, "buyer")
        product = one.post("/products", json=a_product(stock=3), headers=seller).json()
        order = other.post("/orders", json={"items": [a_line(product, 2)]}, headers=buyer).json()
        path = f"/orders/{order['orderId']}"
        until(lambda: "confirmed" == one.get(path, headers=buyer).json().get("status"))
        shown = f"/products/{product['productId']}"
        until(lambda: 1 == other.get(shown).json()["stock"])

    for name, app in running.items():
        app.process.send_signal(signal.SIGTERM)
        assert (name, 0) == (name, app.process.wait(timeout=30))


def test_an_admin_is_made_beside_the_auth_service(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    start("auth", control_socket=str(tmp_path / "control.sock")).ready()
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "apps.cli", "users", "create-admin", "--password-stdin"),
            *("--email", "ada@example.com"),
        ],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": "src",
            "TRADEX_CONTROL_SOCKET": str(tmp_path / "control.sock"),
        },
        input=PASSWORD,
        text=True,
        capture_output=True,
        check=False,
    )

    with psycopg.connect(environment["TRADEX_AUTH_DATABASE_URL"]) as connection:
        users = connection.execute("SELECT email, role FROM users").fetchall()

    assert (0, "") == (ran.returncode, ran.stderr)
    assert [("ada@example.com", "admin")] == users


def signed_in(api: httpx.Client, role: str) -> dict[str, str]:
    """Register somebody, sign in, and return what they send and who waits for outcomes."""
    account = an_account(f"{role}@example.com", role)
    assert 201 == api.post("/auth/register", json=account, headers=WAIT).status_code
    credentials = {"email": account["email"], "password": PASSWORD}
    session = api.post("/auth/login", json=credentials).json()
    return {"Authorization": f"Bearer {session['accessToken']}", **WAIT}
