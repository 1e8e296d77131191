"""Traces as a collector gets them from the whole platform in memory."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx
import pytest
from tests.journeys.conftest import embedded_settings
from tests.journeys.log import bytes_of, records_of
from tests.journeys.people import PASSWORD, People, a_product, an_order

from apps.platform.platform import Platform
from tradex_core.events.topics import Topic
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.tracing import Trace
from tradex_core.telemetry import contract

pytest.importorskip("opentelemetry.sdk", reason="the extra `telemetry` is not installed")

from tests.builders.traces import ORDER_TREE, Collector, tree_of, undeclared

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
SAMPLED = f"00-{TRACE_ID}-{SPAN_ID}-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@asynccontextmanager
async def running(**settings: object) -> AsyncIterator[tuple[Platform, httpx.AsyncClient]]:
    """Run a platform and a client of it; at the end every trace is delivered."""
    async with Platform.build(embedded_settings(**settings)) as platform:
        async with httpx.AsyncClient(base_url=f"{platform.url}/v1", timeout=40) as api:
            yield platform, api
        assert await platform.quiet(20)


async def log_of_an_order(
    *, headers: dict[str, str] | None = None, **settings: object
) -> list[Record]:
    """Let a buyer order something with these headers; return what the broker then holds of it."""
    async with running(**settings) as (platform, api):
        people = People(platform, api)
        seller, buyer = await people.seller(), await people.buyer()
        order = an_order(await seller.sells(), 2)
        answer = await buyer.post("/orders", order, **(headers or {}))
        assert 201 == answer.status_code, answer.text
        assert await platform.quiet(20)
        operation = (await records_of(platform, "order.commands"))[0]
        told = dict(operation.headers)["correlation-id"]
        found = await records_of(platform)
        return [record for record in found if dict(record.headers)["correlation-id"] == told]


def places(records: list[Record]) -> set[tuple[str, bool]]:
    """Return the traces that messages name, and whether they are sampled."""
    found = [Trace.of(record.headers) for record in records]
    return {(place.trace_id, place.sampled) for place in found if place is not None}


async def test_an_orders_trace_is_one_tree_from_its_request_to_every_view(
    collector: Collector,
) -> None:
    records = await log_of_an_order(otlp_endpoint=collector.url, trace_sampling=1.0)
    [(trace_id, sampled)] = places(records)
    assert sampled
    assert ORDER_TREE == tree_of(collector.trace(trace_id))


async def test_a_clients_trace_goes_on_in_ours(collector: Collector) -> None:
    records = await log_of_an_order(
        headers={"traceparent": SAMPLED, "tracestate": "shop=1"},
        otlp_endpoint=collector.url,
        trace_sampling=1.0,
    )
    [request] = [span for span in collector.trace(TRACE_ID) if span.name == "POST /v1/orders"]
    assert SPAN_ID == request.parent_id
    assert ORDER_TREE == tree_of(collector.trace(TRACE_ID))
    assert {b"shop=1"} == {dict(record.headers)["tracestate"] for record in records}


async def test_a_client_does_not_decide_what_is_sampled(collector: Collector) -> None:
    records = await log_of_an_order(
        headers={"traceparent": SAMPLED}, otlp_endpoint=collector.url, trace_sampling=0.0
    )
    assert {(TRACE_ID, False)} == places(records)
    assert [] == collector.spans


async def test_a_client_decides_where_it_is_trusted(collector: Collector) -> None:
    records = await log_of_an_order(
        headers={"traceparent": SAMPLED},
        otlp_endpoint=collector.url,
        trace_sampling=0.0,
        client_sampling="accept",
    )
    assert {(TRACE_ID, True)} == places(records)
    assert ORDER_TREE == tree_of(collector.trace(TRACE_ID))


async def test_what_a_client_sends_as_baggage_goes_nowhere(collector: Collector) -> None:
    records = await log_of_an_order(
        headers={"baggage": "luggage=heavy"}, otlp_endpoint=collector.url, trace_sampling=1.0
    )
    assert not any(b"baggage" in bytes_of(record) for record in records)
    assert not any(b"luggage" in each for each in [*map(bytes_of, records), *collector.raw])


async def test_without_a_collector_no_message_names_a_trace() -> None:
    records = await log_of_an_order()
    assert set() == places(records)


async def test_a_batch_is_linked_to_its_messages_and_they_to_it(collector: Collector) -> None:
    await log_of_an_order(otlp_endpoint=collector.url, trace_sampling=1.0)
    handled = [span for span in collector.spans if span.name.startswith("process ")]
    batches = {span.span_id: span for span in handled if span.name == "process batch"}
    messages = [span for span in handled if span.span_id not in batches]
    assert {span.links[0] for span in messages} == set(batches)
    for span in messages:
        batch = batches[span.links[0]]
        assert span.trace_id != batch.trace_id
        assert span.parent_id in batch.links


async def test_spans_are_named_by_templates(collector: Collector) -> None:
    async with running(otlp_endpoint=collector.url, trace_sampling=1.0) as (platform, api):
        buyer = await People(platform, api).buyer()
        await buyer.get("/orders/018d0c1e-8a00-7000-8000-0000000000b1")
        await api.get("/nothing/018d0c1e-8a00-7000-8000-0000000000b1")
        await api.request("BREW", "/orders")
        await api.get(f"{platform.url}/health/ready")
    names = {span.name for span in collector.spans if "http.request.method" in span.attributes}
    assert {
        "POST /v1/auth/register",
        "POST /v1/auth/login",
        "GET /v1/me",
        "GET /v1/orders/{order_id}",
        "GET",
    } <= names
    assert not any("018d0c1e" in span.name or "BREW" in span.name for span in collector.spans)
    assert [] == [span for span in collector.spans if "health" in span.name]


async def test_every_span_is_as_the_contract_declares_it(collector: Collector) -> None:
    async with running(otlp_endpoint=collector.url, trace_sampling=1.0) as (platform, api):
        people = People(platform, api)
        seller, buyer = await people.seller(), await people.buyer()
        await buyer.orders(await seller.sells(), 2)
        await seller.post("/products", a_product())
        await api.get("/nothing")
        await platform.broker.apply([Topic("of.a.stranger")])
        await ask_as_a_stranger(platform, "of.a.stranger")
        await platform.broker.publish([Message("order.commands", b"k", b"garbage")])
        assert await platform.quiet(20)
    assert set() == undeclared(collector.spans)
    assert {attribute.name for attribute in contract.RESOURCE} == collector.resource.keys()
    assert [] != collector.named("process batch")


async def ask_as_a_stranger(platform: Platform, reply_topic: str) -> None:
    """Ask for a product, to be answered in a topic of one's own, within a trace of one's own."""
    headers = (
        ("kafka_replyTopic", reply_topic.encode()),
        ("kafka_correlationId", b"1"),
        ("ce_id", b"a-stranger"),
        ("traceparent", SAMPLED.encode()),
    )
    value = b'{"command": "GET_PRODUCT", "data": {"sku": "MATE-1KG"}}'
    message = Message("catalog.commands", b"k", value, headers)
    assert [None] == await platform.broker.publish([message])


async def test_no_trace_holds_what_people_typed(collector: Collector) -> None:
    async with running(otlp_endpoint=collector.url, trace_sampling=1.0) as (platform, api):
        buyer = await People(platform, api).buyer("bruno@example.com")
        await buyer.get("/orders?cursor=a-cursor-of-mine")
        token = buyer.session["accessToken"]
    sent = b"".join(collector.raw)
    assert collector.named("GET /v1/orders")
    for secret in (PASSWORD, token, "bruno@example.com", "a-cursor-of-mine", buyer.user_id):
        assert secret.encode() not in sent


async def test_a_refused_command_shows_why(collector: Collector) -> None:
    async with running(otlp_endpoint=collector.url, trace_sampling=1.0) as (platform, api):
        people = People(platform, api)
        seller = await people.seller()
        await seller.sells(sku="SAME")
        assert 409 == (await seller.post("/products", a_product(sku="SAME"))).status_code
    outcomes = [
        span.attributes["tradex.outcome"] for span in collector.named("process catalog.commands")
    ]
    assert ["done", "sku_taken"] == outcomes


async def test_a_collector_that_is_away_costs_spans_and_nothing_else() -> None:
    with Collector() as gone:
        address = gone.url
    async with running(otlp_endpoint=address, trace_sampling=1.0) as (platform, api):
        buyer = await People(platform, api).buyer()
        assert 200 == (await buyer.get("/me")).status_code
        leaving = time.monotonic()
    assert time.monotonic() - leaving < 5


async def test_metrics_of_latency_name_traces_that_the_collector_has(collector: Collector) -> None:
    settings = {"otlp_endpoint": collector.url, "trace_sampling": 1.0, "metrics_port": 0}
    async with running(**settings) as (platform, api), httpx.AsyncClient() as operator:
        await People(platform, api).buyer()
        assert await platform.quiet(20)
        wanted = {"accept": "application/openmetrics-text; version=1.0.0"}
        text = (await operator.get(f"{platform.internal_url}/metrics", headers=wanted)).text
    named = {
        (line.split("_seconds")[0], trace_id)
        for line in text.splitlines()
        for trace_id in re.findall(r'trace_id="([0-9a-f]{32})"', line)
    }
    assert {"tradex_http_request_duration", "tradex_message_latency"} == {n for n, _ in named}
    assert {trace_id for _, trace_id in named} <= {span.trace_id for span in collector.spans}


async def test_what_the_collector_refuses_is_counted(collector: Collector) -> None:
    collector.status = 400
    async with (
        running(otlp_endpoint=collector.url, trace_sampling=1.0, metrics_port=0) as (platform, api),
        httpx.AsyncClient() as operator,
    ):
        await People(platform, api).buyer()
        async with asyncio.timeout(10):
            while not await lost(platform, operator):  # noqa: ASYNC110 - a page has no event
                await asyncio.sleep(0.1)
    assert [] == collector.spans


async def lost(platform: Platform, operator: httpx.AsyncClient) -> bool:
    """Return whether an operator sees that spans were lost."""
    metrics = (await operator.get(f"{platform.internal_url}/metrics")).text
    return "tradex_spans_dropped_total 0.0" not in metrics
