"""No password and no token is in any log, trace, metric, message or table of the platform."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import StringIO
from typing import Any

import httpx
import msgspec
import pytest
import structlog
from prometheus_client import Counter
from tests.bench.sizes import parts
from tests.builders.canary import Canary
from tests.journeys.careless import be_careless
from tests.journeys.conftest import embedded_settings
from tests.journeys.everywhere import EMAIL, SKU, VISITS, Visitor
from tests.journeys.log import bytes_of, records_of

from adapters.security.sealing import HpkeSealer
from apps.gateway.policy import POLICY
from apps.platform.platform import Platform
from apps.runtime.logging import configure_logging
from apps.runtime.process import delivered
from tradex_core.events.topics import AUTH_COMMANDS, COMMAND_REPLIES
from tradex_core.ids import OperationId
from tradex_core.messaging.broker import Message
from tradex_core.operations.idempotency import IdempotencyRecord, IdempotencyScope

pytest.importorskip("opentelemetry.sdk", reason="the extra `telemetry` is not installed")

from tests.builders.traces import Collector

MEDIA = {
    "the log for people": "operation_id=",
    "the log as JSON": '"tradex.operation.id":',
    "traces": "publish auth.commands",
    "metrics": "REGISTER_USER",
    "topics": EMAIL.format("seller"),
    "the auth database": EMAIL.format("seller"),
    "the catalog database": SKU,
    "the orders database": "cancelled",
    "the gateway database": EMAIL.format("seller"),
    "the idempotency records": "",
}
"""Where secrets are looked for, and what must be found there: that it is the right place."""


class World:
    """A platform that tells everything, and all that it tells and keeps."""

    def __init__(self, platform: Platform, collector: Collector, logs: "Logs") -> None:
        self.platform = platform
        self.canary = Canary()
        self._collector = collector
        self._logs = logs

    async def visit(self, *, carelessly: bool = False) -> None:
        """Use every route rightly, and then wrongly where that is wanted."""
        async with httpx.AsyncClient(base_url=self.platform.url, timeout=40) as api:
            visitor = Visitor(api, self.canary, self._create_admin)
            await visitor.use_everything()
            if carelessly:
                await be_careless(visitor, POLICY)

    async def media(self) -> dict[str, bytes]:
        """Return all that the platform tells and keeps, once it is at rest."""
        assert await self.platform.quiet(20)
        records = self.platform.container.gateway.idempotency_records()
        async with httpx.AsyncClient() as operator:
            metrics = await operator.get(f"{self.platform.internal_url}/metrics")
        await delivered(self.platform.container.telemetry())
        return {
            "the log for people": self._logs.for_people.getvalue().encode(),
            "the log as JSON": self._logs.as_json.getvalue().encode(),
            "traces": b"".join(self._collector.raw),
            "metrics": metrics.content,
            "topics": b"\n".join(map(bytes_of, await records_of(self.platform))),
            "the idempotency records": texts_in(records),
            **{f"the {name} database": texts_in(each) for name, each in self._databases().items()},
        }

    async def plant(self, secret: str) -> None:
        """Tell a secret, and have it kept, wherever that can be."""
        container, now = self.platform.container, self.platform.container.clock().now()
        structlog.stdlib.get_logger("tradex.test").debug("planted %s", secret)
        telemetry = container.telemetry()
        assert telemetry is not None
        with telemetry.request("GET", None) as request:
            request.answered(route=secret, status=200, operation_id=None)
        Counter("planted", "Planted", ["what"], registry=container.registry()).labels(secret).inc()
        await self.platform.broker.publish([Message(COMMAND_REPLIES, b"k", secret.encode())])
        for database in self._databases().values():
            database.states["planted"] = {"planted": secret}
        scope = IdempotencyScope("caller", "route", secret)
        record = IdempotencyRecord(b"digest", OperationId("operation"), now)
        await container.gateway.idempotency_records().claim(scope, record)

    async def found(self) -> dict[str, set[str]]:
        """Return the media in which a secret is, and which."""
        found = {name: self.canary.found_in(told) for name, told in (await self.media()).items()}
        return {name: secrets for name, secrets in found.items() if secrets}

    def _databases(self) -> dict[str, Any]:
        return {
            "auth": self.platform.auth_database,
            "catalog": self.platform.catalog_database,
            "orders": self.platform.orders_database,
            "gateway": self.platform.views_database,
        }

    async def _create_admin(self, email: str, password: str) -> None:
        await self.platform.create_admin(email=email, name="Ada", password=password)


class Logs:
    """Everything that is logged, down to debug, in both formats."""

    def __init__(self) -> None:
        self.for_people, self.as_json = StringIO(), StringIO()
        configure_logging(
            log_format="console", level="debug", stream=self.for_people, capture=self.as_json
        )


@pytest.fixture
def logs() -> Iterator[Logs]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield Logs()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@asynccontextmanager
async def a_world(logs: Logs, collector: Collector, **changes: object) -> AsyncIterator[World]:
    settings = embedded_settings(
        metrics_port=0,
        otlp_endpoint=collector.url,
        trace_sampling=1.0,
        log_level="debug",
        **changes,
    )
    async with Platform.build(settings) as platform:
        yield World(platform, collector, logs)


@pytest.fixture
async def world(logs: Logs, collector: Collector) -> AsyncIterator[World]:
    async with a_world(logs, collector) as world:
        yield world


def texts_in(root: object) -> bytes:
    """Return every text that an object holds, however deep."""
    found, seen, waiting = [], dict[int, object](), [root]
    while waiting:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, str | bytes | msgspec.Raw):
            found.append(thing.encode() if isinstance(thing, str) else bytes(thing))
        else:
            waiting.extend(parts(thing))
    return b"\n".join(found)


def test_every_route_is_used() -> None:
    assert set(POLICY) == set(VISITS)


async def test_nothing_of_a_secret_is_told_or_kept(world: World) -> None:
    await world.visit(carelessly=True)
    assert {} == await world.found()


async def test_it_is_looked_for_in_the_right_places(world: World) -> None:
    await world.visit()
    told = await world.media()
    assert {name: text for name, text in MEDIA.items() if text.encode() not in told[name]} == {}
    assert MEDIA.keys() == told.keys()


async def test_what_is_told_or_kept_all_the_same_is_found(world: World) -> None:
    secret = world.canary.secret("a planted secret")
    await world.plant(secret)
    found = await world.found()
    assert {name: {"a planted secret"} for name in MEDIA} == found


async def test_a_gateway_that_does_not_seal_is_found_out(
    logs: Logs, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HpkeSealer, "seal", lambda _self, password, _context: password)
    async with a_world(logs, collector, plaintext_passwords="accept") as world:
        await world.visit()
        found = await world.found()
    assert {"topics"} == found.keys()
    assert "the buyer's password" in found["topics"]


async def test_a_password_that_a_stranger_publishes_goes_no_further_than_its_topic(
    world: World,
) -> None:
    secret = world.canary.secret("a password in the clear")
    data = {"email": "a@b.c", "password": secret, "name": "Ana", "role": "buyer"}
    command = json.dumps({"command": "REGISTER_USER", "data": data}).encode()
    await world.platform.broker.publish([Message(AUTH_COMMANDS, b"a@b.c", command)])
    assert {"topics"} == (await world.found()).keys()
