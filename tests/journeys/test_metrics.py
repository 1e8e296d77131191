"""What operators see of a running platform: its metrics and its log, as the contract has them."""

import json
import logging
from collections.abc import Iterator
from functools import partial
from io import StringIO
from typing import Any

import httpx
import pytest
import structlog
from tests.apps.runtime.away import eventually
from tests.builders.telemetry import (
    declared,
    on_servers,
    sampled,
    shown,
    told_wrongly,
    unknown_fields,
)
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People, a_product

from apps.platform.platform import Platform
from apps.runtime.logging import configure_logging
from apps.runtime.settings import Settings
from tradex_core.events.topics import CATALOG_COMMANDS, ORDER_COMMANDS, Topic
from tradex_core.messaging.broker import Message

_RARE = {
    "tradex_breaker_state",
    "tradex_breaker_changes_total",
    "tradex_message_failures_total",
    "tradex_publish_failures_total",
    "tradex_waits_total",
}
"""What is counted only while a server is away."""
CAUGHT_UP = 'tradex_consumer_lag_messages{consumer="catalog",topic="order.created"} 0.0'


@pytest.fixture
def settings() -> Settings:
    return embedded_settings(metrics_port=0)


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What is logged meanwhile, as JSON."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = StringIO()
    configure_logging(log_format="json", level="info", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines_of(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def metrics_of(platform: Platform, **headers: str) -> str:
    async with httpx.AsyncClient() as operator:
        return (await operator.get(f"{platform.internal_url}/metrics", headers=headers)).text


async def shows(platform: Platform, line: str) -> bool:
    return line in await metrics_of(platform)


async def do_everything(platform: Platform, people: People) -> None:
    """Let good things happen, and bad ones."""
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=3)
    order = (await buyer.orders(product, 2)).json()
    assert "confirmed" == (await buyer.status_of(order["orderId"]))["status"]
    await buyer.post(f"/orders/{order['orderId']}/cancel")
    await buyer.orders(product, 4)
    await seller.post("/products", a_product())
    await buyer.get(f"/nothing/{order['orderId']}")
    await buyer.api.request("PROPFIND", "/orders")
    await platform.broker.apply([Topic("of.a.stranger")])
    for message in (
        Message(ORDER_COMMANDS, b"k", b"garbage"),
        Message(
            CATALOG_COMMANDS,
            b"k",
            json.dumps({"command": "GET_PRODUCT", "data": {"sku": "MATE-1KG"}}).encode(),
            (("kafka_replyTopic", b"of.a.stranger"), ("kafka_correlationId", b"1")),
        ),
    ):
        assert [None] == await platform.broker.publish([message])
    assert await platform.quiet(20)


async def test_metrics_count_what_was_handled_on_a_port_of_their_own(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    await buyer.orders(await seller.sells(stock=1), 2)
    assert await platform.quiet(20)
    async with httpx.AsyncClient() as client:
        assert 404 == (await client.get(f"{platform.url}/metrics")).status_code
    text = await metrics_of(platform)
    labels = 'consumer="orders",outcome="done",topic="order.commands",type="CREATE_ORDER"'
    assert f"tradex_messages_handled_total{{{labels}}} 1.0" in text
    assert 'tradex_outbox_messages{service="orders"} 0.0' in text
    assert 'tradex_parked_messages{service="projector"} 0.0' in text
    assert 'tradex_orders_cancelled_total{reason="insufficient_stock"} 1.0' in text
    assert 'tradex_orders_cancelled_total{reason="timed_out"} 0.0' in text
    await eventually(partial(shows, platform, CAUGHT_UP))  # offsets are committed by and by


async def test_every_metric_is_as_the_contract_declares_it(
    platform: Platform, people: People
) -> None:
    await do_everything(platform, people)
    text = await metrics_of(platform)
    assert [] == told_wrongly(text)
    assert declared() == shown(text)
    assert set() == declared() - sampled(text) - on_servers() - _RARE
    assert 'method="other",route="unmatched",status_class="4xx"} 1.0' in text


async def test_an_operation_is_pending_until_its_outcome_is_heard(
    platform: Platform, people: People
) -> None:
    buyer = await people.buyer()
    await buyer.post("/auth/logout", {"refreshToken": buyer.session["refreshToken"]}, Prefer="")
    assert await platform.quiet(20)
    text = await metrics_of(platform)
    assert "tradex_operations_pending 0.0" in text
    labels = 'command="END_SESSION",status="succeeded"'
    assert f"tradex_operation_duration_seconds_count{{{labels}}} 1.0" in text


async def test_whoever_understands_exemplars_is_given_the_format_that_has_them(
    platform: Platform,
) -> None:
    text = await metrics_of(platform, accept="application/openmetrics-text; version=1.0.0")
    assert text.endswith("# EOF\n")


async def test_every_request_and_every_message_has_a_line_as_the_contract_declares_it(
    log: StringIO, platform: Platform, people: People
) -> None:
    await do_everything(platform, people)
    lines = lines_of(log)
    assert set() == unknown_fields(lines)
    told = {line["message"] for line in lines}
    assert {"POST /v1/orders 201", "GET unmatched 404", "CREATE_ORDER done", "dead letter"} <= told


async def test_an_orders_story_is_found_by_its_id_and_by_its_operations(
    log: StringIO, platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    answer = await buyer.orders(await seller.sells(), 2)
    assert await platform.quiet(20)
    lines = lines_of(log)
    order_id = answer.json()["orderId"]
    found = [line for line in lines if line.get("tradex.order.id") == order_id]
    [operation_id] = {line["tradex.correlation.id"] for line in found}
    story = [line for line in lines if line.get("tradex.correlation.id") == operation_id]
    told = {(line["message"], line.get("tradex.consumer")) for line in story}
    assert {
        ("POST /v1/orders 201", None),
        ("CREATE_ORDER done", "orders"),
        ("order.created done", "catalog"),
        ("order.created done", "projector"),
        ("stock.reserved done", "orders"),
        ("stock.reserved done", "projector"),
        ("stock.updated done", "projector"),
        ("order.updated done", "catalog"),
        ("order.updated done", "projector"),
        ("command.replies done", "projector"),
    } == told
    assert {operation_id} == {line.get("tradex.operation.id", operation_id) for line in story}
