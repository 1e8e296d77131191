"""What the containers choose by the settings, and what they import for it."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta

import pytest

from apps.runtime.container import RuntimeContainer, kafka_settings
from apps.runtime.extras import MissingExtra
from apps.runtime.settings import Settings

MEMORY = {"broker": "memory"}
KAFKA = {"broker": "kafka", "kafka_bootstrap_servers": "127.0.0.1:1"}
DRIVERS = {
    *("confluent_kafka", "sqlalchemy", "psycopg", "alembic", "pymongo", "beanie"),
    *("opentelemetry.sdk", "requests"),  # Litestar looks for the rest of it by itself
}

_COMPOSE = """
import asyncio, json, sys
from adapters.security.sealing import generate_key_pair
from adapters.security.token_keys import AccessTokenKeys
from apps.cli.processes import compose
from apps.runtime.container import RuntimeContainer
from apps.runtime.settings import Settings

async def main():
    keys = generate_key_pair()
    settings = Settings.embedded(
        sealing_keys=keys.private,
        sealing_public_key=keys.public,
        jwt_signing_key=AccessTokenKeys.generate().to_text(),
        gateway_key=b"k" * 32,
        actor_signing_key=b"k" * 32,
        **json.loads(sys.argv[2]),
    )
    compose(sys.argv[1], RuntimeContainer(settings=settings, app=sys.argv[1]))
    print(json.dumps(list(sys.modules)))

asyncio.run(main())
"""


def modules_of(app: str, **settings: str) -> set[str]:
    """Compose an app in a process of its own and return which packages that imported."""
    ran = subprocess.run(
        [sys.executable, "-c", _COMPOSE, app, json.dumps(settings)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "src"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(ran.stdout))


@pytest.mark.parametrize(
    ("app", "setting", "url", "drivers"),
    [
        ("auth", "auth_database_url", "postgresql://127.0.0.1:1/auth", "postgres"),
        ("orders", "orders_database_url", "postgresql://127.0.0.1:1/orders", "postgres"),
        ("gateway", "gateway_database_url", "postgresql://127.0.0.1:1/gateway", "postgres"),
        ("projector", "gateway_database_url", "postgresql://127.0.0.1:1/gateway", "postgres"),
        ("catalog", "catalog_database_url", "mongodb://127.0.0.1:1/catalog", "mongo"),
    ],
)
def test_an_app_imports_the_drivers_of_its_own_servers_alone(
    app: str, setting: str, url: str, drivers: str
) -> None:
    pytest.importorskip("confluent_kafka")
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("beanie")
    store = {"postgres": {"sqlalchemy", "psycopg", "alembic"}, "mongo": {"pymongo", "beanie"}}

    imported = modules_of(app, **KAFKA, **{setting: url})

    assert store[drivers] | {"confluent_kafka"} == imported & DRIVERS


@pytest.mark.parametrize("app", ["auth", "catalog", "orders", "projector", "gateway"])
def test_an_app_in_memory_imports_no_driver(app: str) -> None:
    assert set() == modules_of(app, **MEMORY) & DRIVERS


@pytest.mark.parametrize("app", ["auth", "catalog", "orders", "projector", "gateway"])
def test_an_app_that_has_a_collector_to_send_to_imports_what_traces(app: str) -> None:
    pytest.importorskip("opentelemetry.sdk")
    imported = modules_of(app, **MEMORY, otlp_endpoint="http://127.0.0.1:1")
    assert {"opentelemetry.sdk", "requests"} == imported & DRIVERS


def test_a_collector_without_what_sends_to_it_is_told_of_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("adapters.telemetry.tracing")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.startswith("opentelemetry")]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    settings = Settings.embedded(otlp_endpoint="http://127.0.0.1:1")
    with pytest.raises(MissingExtra, match=re.escape("pip install 'tradex[telemetry]'")):
        RuntimeContainer(settings=settings).telemetry()


@pytest.mark.parametrize(("app", "milliseconds"), [("gateway", 3), ("orders", 0), ("platform", 0)])
def test_only_the_gateways_messages_wait_for_others(app: str, milliseconds: int) -> None:
    assert timedelta(milliseconds=milliseconds) == kafka_settings(Settings.embedded(), app).linger
