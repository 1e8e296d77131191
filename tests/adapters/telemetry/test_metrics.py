"""What is counted of messages, requests, passwords and breakers, and what the business sees."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest
from tests.builders.machines import NOW
from tests.builders.messages import ORDER_ID, a_handled, a_record, stock_reserved

from adapters.telemetry.business import BusinessMetrics
from adapters.telemetry.declared import Declared
from adapters.telemetry.hashing import HashingMetrics
from adapters.telemetry.metrics import MessagingMetrics
from adapters.telemetry.requests import RequestMetrics
from tradex_core.errors import Outage
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderStatus, OrderUpdated
from tradex_core.events.stock import RejectionReason, StockRejected
from tradex_core.events.user import Role, UserRegistered
from tradex_core.messaging.tracing import Trace
from tradex_core.telemetry import contract
from tradex_core.telemetry.declaring import APPS

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"


class Shown:
    """The metrics of an app, and what a scrape of them shows."""

    def __init__(self, app: str = "platform") -> None:
        self.registry = CollectorRegistry()
        self.declared = Declared(self.registry, app)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)

    def with_exemplars(self) -> str:
        text: bytes = generate_latest(self.registry)  # type: ignore[no-untyped-call]
        return text.decode()


@pytest.fixture
def shown() -> Shown:
    return Shown()


def a_place(*, sampled: bool) -> Trace:
    return Trace(TRACE_ID, SPAN_ID, sampled=sampled)


def test_a_handled_message_counts_by_what_it_was_and_what_it_came_to(shown: Shown) -> None:
    MessagingMetrics(shown.declared).handled([a_handled(outcome="order_not_found")])
    labels = {"consumer": "orders", "topic": "order.commands"}
    assert 1.0 == shown.value(
        "tradex_messages_handled_total", type="CANCEL_ORDER", outcome="order_not_found", **labels
    )
    assert 0.003 == shown.value("tradex_message_latency_seconds_sum", **labels)


def test_a_latency_names_a_trace_that_is_sampled_and_no_other(shown: Shown) -> None:
    metrics = MessagingMetrics(shown.declared)
    metrics.handled([a_handled(trace=a_place(sampled=False))])
    assert TRACE_ID not in shown.with_exemplars()
    metrics.handled([a_handled(trace=a_place(sampled=True))])
    exemplar = f'# {{span_id="{SPAN_ID}",trace_id="{TRACE_ID}"}} 0.003'
    assert exemplar in shown.with_exemplars()


def test_a_request_that_took_long_names_its_trace(shown: Shown) -> None:
    answer(RequestMetrics(shown.declared), trace=a_place(sampled=True))
    assert f'trace_id="{TRACE_ID}"' in shown.with_exemplars()


def test_what_goes_wrong_counts_by_its_consumer_and_topic(shown: Shown) -> None:
    metrics = MessagingMetrics(shown.declared)
    metrics.parked("orders", a_record(), attempts=2, error="Outage: away")
    metrics.dead_lettered("orders", a_record(), reason="fatal", error="Forged: no")
    metrics.waiting("relay", Outage("away"))
    labels = {"consumer": "orders", "topic": "order.commands"}
    assert 1.0 == shown.value("tradex_message_failures_total", **labels)
    assert 1.0 == shown.value("tradex_dead_letters_total", reason="fatal", **labels)
    assert 1.0 == shown.value("tradex_waits_total", component="relay")


def test_a_topic_that_a_stranger_named_is_no_label(shown: Shown) -> None:
    metrics = MessagingMetrics(shown.declared)
    metrics.published("order.created", 3, failed=False)
    metrics.published("of.a.stranger", 1, failed=False)
    metrics.published("of.another", 1, failed=True)
    assert 3.0 == shown.value("tradex_messages_published_total", topic="order.created")
    assert 1.0 == shown.value("tradex_messages_published_total", topic="other")
    assert 1.0 == shown.value("tradex_publish_failures_total", topic="other")


def test_a_breaker_is_shown_from_its_beginning_and_each_change_counts(shown: Shown) -> None:
    metrics = MessagingMetrics(shown.declared)
    metrics.begun("broker")
    assert 0.0 == shown.value("tradex_breaker_state", breaker="broker")
    assert 0.0 == shown.value("tradex_breaker_changes_total", breaker="broker", to="open")
    metrics.changed("broker", "open", error=Outage("away"))
    metrics.changed("broker", "half_open", error=None)
    assert 1.0 == shown.value("tradex_breaker_state", breaker="broker")
    assert 1.0 == shown.value("tradex_breaker_changes_total", breaker="broker", to="open")


def answer(
    metrics: RequestMetrics, method: str = "GET", status: int = 200, trace: Trace | None = None
) -> None:
    metrics.begun()
    metrics.answered(method=method, route="/v1/me", status=status, seconds=0.02, trace=trace)


def test_requests_count_by_route_method_and_class_of_status(shown: Shown) -> None:
    metrics = RequestMetrics(shown.declared)
    for method, status in (("GET", 200), ("GET", 503), ("GET", 0), ("BREW", 405)):
        answer(metrics, method, status)
    metrics.begun()
    counted = {
        (method, status_class): shown.value(
            "tradex_http_requests_total", method=method, route="/v1/me", status_class=status_class
        )
        for method, status_class in (
            ("GET", "2xx"),
            ("GET", "5xx"),
            ("GET", "none"),
            ("other", "4xx"),
        )
    }
    assert {1.0} == set(counted.values())
    assert 1.0 == shown.value("tradex_http_requests_in_flight")


def test_passwords_are_counted_while_they_wait_and_while_they_are_hashed(shown: Shown) -> None:
    may_end, has_begun = threading.Event(), threading.Event()

    def hash_one() -> str:
        has_begun.set()
        may_end.wait(10)
        return "hashed"

    threads = HashingMetrics(shown.declared).measured(ThreadPoolExecutor(max_workers=1))
    hashing, waiting = threads.submit(hash_one), threads.submit(hash_one)
    assert has_begun.wait(10)
    assert 1.0 == shown.value("tradex_password_hashing_in_progress")
    assert 1.0 == shown.value("tradex_password_hashing_waiting")
    assert waiting.cancel()
    may_end.set()
    assert "hashed" == hashing.result()
    threads.shutdown()
    assert 0.0 == shown.value("tradex_password_hashing_in_progress")
    assert 0.0 == shown.value("tradex_password_hashing_waiting")
    assert 1.0 == shown.value("tradex_password_hashing_duration_seconds_count")


def cancelled(reason: str | None) -> OrderUpdated:
    return OrderUpdated(ORDER_ID, OrderStatus.CANCELLED, NOW, reason)


@pytest.mark.parametrize(
    ("event", "name", "labels"),
    [
        (stock_reserved(), "tradex_stock_reserved_total", {}),
        (
            StockRejected(ORDER_ID, RejectionReason.PRICE_CHANGED, (), NOW),
            "tradex_stock_rejected_total",
            {"reason": "price_changed"},
        ),
        (OrderUpdated(ORDER_ID, OrderStatus.CONFIRMED, NOW), "tradex_orders_confirmed_total", {}),
        (cancelled("timed_out"), "tradex_orders_cancelled_total", {"reason": "timed_out"}),
        (cancelled("whatever"), "tradex_orders_cancelled_total", {"reason": "other"}),
        (
            UserRegistered("u", "a@example.com", Role.SELLER, NOW),
            "tradex_users_registered_total",
            {"role": "seller"},
        ),
    ],
)
def test_the_business_is_counted_where_every_event_passes_once(
    shown: Shown, event: Event, name: str, labels: dict[str, str]
) -> None:
    metrics = BusinessMetrics(shown.declared)
    before = shown.value(name, **labels)
    metrics.handled([a_handled(event, consumer="projector")])
    metrics.handled([a_handled(event, consumer="catalog")])
    assert (0.0, 1.0) == (before, shown.value(name, **labels))


@pytest.mark.parametrize("app", APPS)
def test_an_app_shows_the_metrics_that_are_its_own(app: str) -> None:
    shown = Shown(app)
    MessagingMetrics(shown.declared)
    BusinessMetrics(shown.declared)
    RequestMetrics(shown.declared)
    HashingMetrics(shown.declared)
    names = {f"{each.name}_total" for each in shown.registry.collect() if each.type == "counter"}
    counters = {each for each in contract.METRICS if each.kind == "counter" and app in each.apps}
    assert {each.name for each in counters} - {contract.SPANS_DROPPED.name} == names


def test_a_process_says_what_runs_in_it(shown: Shown) -> None:
    shown.declared.process("1.2.3")
    assert 1.0 == shown.value("tradex_build_info", app="platform", version="1.2.3")
