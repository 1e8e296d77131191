"""What becomes a span, of which kind and name, in which trace."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind, format_span_id, format_trace_id
from tests.builders.messages import bare, create_order, lying, signed

from adapters.telemetry.tracing import OtlpTracer
from adapters.telemetry.tracing_spans import left_out
from tradex_core.errors import Outage, OutcomeUnknown, StoreConflict
from tradex_core.events import topics
from tradex_core.events.envelope import Headers
from tradex_core.messaging import tracing
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.tracing import UNTRACED, Trace

SAMPLED = Trace("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True)
UNSAMPLED = Trace("4bf92f3577b34da6a3ce929d0e0e4737", "00f067aa0ba902b8", sampled=False)


class Kept(SpanExporter):
    """Keeps spans."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


class Traced:
    """A tracer, and what it delivered once it is closed."""

    def __init__(self, *, sampling: float = 1.0, clients_decide: bool = False) -> None:
        self._kept = Kept()
        self.tracer = OtlpTracer(
            self._kept,
            service="orders",
            system="kafka",
            sampling=sampling,
            clients_decide=clients_decide,
        )

    def spans(self) -> list[ReadableSpan]:
        self.tracer.close(within=10)
        return self._kept.spans

    def names(self) -> list[str]:
        return [span.name for span in self.spans()]


def at(place: Trace | None, message_id: str = "1") -> Message:
    headers: Headers = () if place is None else (("traceparent", place.traceparent.encode()),)
    return signed(create_order(), message_id, headers=headers)


def record_at(place: Trace | None, message_id: str = "1") -> Record:
    return lying(at(place, message_id), partition=3, offset=42)


def span_ids(span: ReadableSpan) -> tuple[str, str]:
    assert span.context is not None
    return format_trace_id(span.context.trace_id), format_span_id(span.context.span_id)


def linked(span: ReadableSpan) -> list[str]:
    return [format_span_id(link.context.span_id) for link in span.links]


def shown(span: ReadableSpan, name: str) -> object:
    assert span.attributes is not None
    return span.attributes.get(name)


def is_error(span: ReadableSpan) -> bool:
    return not span.status.is_ok and not span.status.is_unset


def test_threads_that_begin_traces_at_the_same_time_begin_different_ones() -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            places = list(threads.map(lambda _: left_out(None), range(4000)))
    finally:
        sys.setswitchinterval(before)
    assert 4000 == len({place.trace_id for place in places})
    assert all(place == Trace.read(place.traceparent) for place in places)


def test_a_messages_span_follows_from_what_published_it() -> None:
    traced = Traced()
    with traced.tracer.batch("orders", 1) as batch, batch.message(record_at(SAMPLED)) as span:
        assert span is tracing.current()
        inside = span.trace
        span.outcome("done")
    message, _ = traced.spans()
    assert inside is not None
    assert (inside.trace_id, inside.span_id) == span_ids(message)
    assert SAMPLED.trace_id == inside.trace_id
    assert message.parent is not None
    assert SAMPLED.span_id == format_span_id(message.parent.span_id)
    assert ("process order.commands", SpanKind.CONSUMER) == (message.name, message.kind)
    assert "done" == shown(message, "tradex.outcome")
    assert ("3", 42) == (
        shown(message, "messaging.destination.partition.id"),
        shown(message, "messaging.kafka.offset"),
    )
    assert tracing.current() is UNTRACED


def test_what_is_not_sampled_is_not_kept_and_named_by_what_it_causes() -> None:
    traced = Traced()
    with traced.tracer.batch("orders", 1) as batch, batch.message(record_at(UNSAMPLED)) as span:
        assert UNSAMPLED == span.trace
    assert [] == traced.spans()


def test_a_message_without_a_trace_begins_one_as_often_as_is_set() -> None:
    begun = {}
    for sampling in (0.0, 1.0):
        traced = Traced(sampling=sampling)
        with traced.tracer.batch("orders", 1) as batch, batch.message(record_at(None)) as span:
            assert span.trace is not None
            begun[sampling] = span.trace.sampled, traced.names()
    assert (False, []) == begun[0.0]
    assert begun[1.0][0]


def test_every_message_of_a_batch_shows_the_commit() -> None:
    traced = Traced()
    with traced.tracer.batch("orders", 2) as batch:
        for place in (SAMPLED, None, UNSAMPLED):
            with batch.message(record_at(place)):
                pass
        with batch.committing():
            pass
    spans = traced.spans()
    commits = [span for span in spans if span.name == "commit orders"]
    messages = [span for span in spans if span.name == "process order.commands"]
    assert {span_ids(span) for span in messages} == {
        (format_trace_id(span.parent.trace_id), format_span_id(span.parent.span_id))
        for span in commits
        if span.parent is not None
    }
    [own] = [span for span in spans if span.name == "process batch"]
    assert [SAMPLED.span_id] == linked(own)
    assert all([span_ids(own)[1]] == linked(span) for span in messages)


def test_the_message_at_fault_shows_the_error_and_the_others_that_they_were_undone() -> None:
    traced = Traced()
    with suppress(ValueError), traced.tracer.batch("orders", 2) as batch:
        with batch.message(record_at(SAMPLED, "good")):
            pass
        with batch.message(record_at(SAMPLED, "bad")):
            msg = "a secret"
            raise ValueError(msg)
    good, bad, own = traced.spans()
    assert ["rolled_back", None] == [shown(span, "tradex.outcome") for span in (good, bad)]
    assert [None, "ValueError", "ValueError"] == [
        shown(span, "error.type") for span in (good, bad, own)
    ]
    assert [False, True, True] == [is_error(span) for span in (good, bad, own)]
    assert not any("secret" in span.to_json() for span in (good, bad, own))


def test_a_commit_that_fails_is_an_error_of_every_message() -> None:
    traced = Traced()
    with suppress(StoreConflict), traced.tracer.batch("orders", 1) as batch:
        with batch.message(record_at(SAMPLED)):
            pass
        with batch.committing():
            raise StoreConflict
    assert [True, True, True] == [is_error(span) for span in traced.spans()]


def test_what_is_published_names_its_own_span() -> None:
    traced = Traced()
    with traced.tracer.publishing([at(SAMPLED)]) as sent:
        sent.answered([None])
        [message] = sent.messages
    [span] = traced.spans()
    place = Trace.of(message.headers)
    assert place is not None
    assert span_ids(span) == (place.trace_id, place.span_id)
    assert (SAMPLED.trace_id, True) == (place.trace_id, place.sampled)
    assert ("publish order.commands", SpanKind.PRODUCER) == (span.name, span.kind)


def test_what_is_not_sampled_is_published_as_it_is() -> None:
    traced, message = Traced(), at(UNSAMPLED)
    with traced.tracer.publishing([message]) as sent:
        assert [message] == sent.messages
    assert [] == traced.spans()


def test_what_begins_a_trace_that_is_not_sampled_says_so() -> None:
    with Traced(sampling=0.0).tracer.publishing([at(None)]) as sent:
        place = Trace.of(sent.messages[0].headers)
    assert place is not None
    assert not place.sampled


def test_an_answer_in_somebody_elses_format_is_left_alone() -> None:
    traced, message = Traced(), bare(create_order())
    with traced.tracer.publishing([message]) as sent:
        assert [message] == sent.messages
    assert [] == traced.spans()


def test_a_message_that_the_broker_does_not_take_is_an_error() -> None:
    traced = Traced()
    with traced.tracer.publishing([at(SAMPLED, "1"), at(SAMPLED, "2")]) as sent:
        sent.answered([None, OutcomeUnknown("who knows")])
    taken, unknown = traced.spans()
    assert [False, True] == [is_error(taken), is_error(unknown)]
    assert "OutcomeUnknown" == shown(unknown, "error.type")


def test_publishing_that_fails_is_an_error_of_every_message() -> None:
    traced = Traced()
    with pytest.raises(Outage), traced.tracer.publishing([at(SAMPLED)]):
        raise Outage
    [span] = traced.spans()
    assert is_error(span)


def test_whoever_waits_for_a_reply_is_told_within_a_span() -> None:
    traced = Traced()
    reply = Message(topics.COMMAND_REPLIES, b"k", b"{}", at(SAMPLED).headers)
    for headers in (at(SAMPLED).headers, at(UNSAMPLED).headers, ()):
        record = lying(Message(topics.COMMAND_REPLIES, reply.key, reply.value, headers))
        with traced.tracer.receiving(record):
            pass
    assert ["receive command.replies"] == traced.names()


def test_a_request_that_has_no_route_is_named_by_its_method() -> None:
    traced = Traced()
    for method in ("GET", "SECRET-METHOD"):
        with traced.tracer.request(method, None) as span:
            span.answered(route=None, status=404, operation_id=None)
    known, unknown = traced.spans()
    assert ["GET", "HTTP"] == [known.name, unknown.name]
    assert "_OTHER" == shown(unknown, "http.request.method")


def test_a_request_that_was_our_fault_is_an_error() -> None:
    traced = Traced()
    for status in (404, 503):
        with traced.tracer.request("GET", None) as span:
            span.answered(route="/v1/me", status=status, operation_id=None)
    assert [False, True] == [is_error(span) for span in traced.spans()]


@pytest.mark.parametrize("parent", [SAMPLED, UNSAMPLED])
def test_a_client_is_believed_only_where_it_may_decide(parent: Trace) -> None:
    for sampling in (0.0, 1.0):
        distrusting = Traced(sampling=sampling)
        with distrusting.tracer.request("GET", parent):
            place = tracing.current().trace
        assert place is not None
        assert (parent.trace_id, bool(sampling)) == (place.trace_id, place.sampled)
        trusting = Traced(sampling=sampling, clients_decide=True)
        with trusting.tracer.request("GET", parent):
            place = tracing.current().trace
        assert place is not None
        assert parent.sampled == place.sampled


def test_a_part_of_the_traces_is_kept_whatever_ids_clients_choose() -> None:
    traced = Traced(sampling=0.5)
    for _ in range(400):
        with traced.tracer.request("GET", SAMPLED):
            pass
    assert 100 < len(traced.spans()) < 300
