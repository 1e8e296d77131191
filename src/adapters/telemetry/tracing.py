"""Traces over OTLP/HTTP: what the core's port opens, as spans of OpenTelemetry."""

import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.trace import SpanKind

from adapters.telemetry.tracing_queue import SpanQueue
from adapters.telemetry.tracing_spans import (
    Attributes,
    Sampled,
    Unsampled,
    left_out,
    resource_of,
)
from tradex_core.events.envelope import Envelope, Headers
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.tracing import UNTRACED, Publishing, Span, Trace
from tradex_core.telemetry import contract

_TIMEOUT_SECONDS: Final = 5.0
_METHODS: Final = frozenset(contract.METHODS)
_SERVER_ERROR: Final = 500
_SHOWN: Final[Mapping[str, str]] = {
    "ce_id": "messaging.message.id",
    "ce_type": "tradex.message.type",
    "correlation-id": "messaging.message.conversation_id",
}
"""Which of a message's headers its spans show, and as what."""


def otlp_exporter(endpoint: str) -> SpanExporter:
    """Return what delivers spans to the collector at a URL; nothing connects yet.

    Headers and certificates are read from OpenTelemetry's own variables, OTEL_EXPORTER_OTLP_….
    """
    return OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=_TIMEOUT_SECONDS)


class OtlpTracer:
    """The tracer of a process, called `service` in its traces.

    `sampling` is what part of the traces is kept, 0 to 1. A message's header decides for what
    follows from it; a client's, only where `clients_decide`. Spans are named by templates, never
    by ids or by what somebody sent.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        *,
        service: str,
        system: str,
        sampling: float,
        clients_decide: bool = False,
    ) -> None:
        self.queue = SpanQueue(exporter, resource_of(service))
        self._sampling = sampling
        self._system = system
        self._clients_decide = clients_decide

    def close(self, within: float) -> None:
        """Deliver the spans that wait, in so many seconds. Blocks."""
        self.queue.close(within)

    def request(self, method: str, parent: Trace | None) -> "_Request | _UnsampledRequest":
        """Return the span of a request, which is current while it is entered."""
        if not self.decided(parent if self._clients_decide else None):
            return _UnsampledRequest(left_out(parent))
        known = method if method in _METHODS else "HTTP"
        shown: Attributes = {"http.request.method": method if method in _METHODS else "_OTHER"}
        return _Request(known, SpanKind.SERVER, parent, shown, done=self.queue.put)

    def batch(self, consumer: str, size: int) -> "_Batch":
        """Begin an attempt at so many messages."""
        return _Batch(self, consumer, self._about("process", consumer), size)

    def begin(
        self,
        name: str,
        kind: SpanKind,
        parent: Trace | None,
        shown: Attributes,
        began: int | None = None,
    ) -> Sampled:
        """Begin a span that is kept; one that began before is given when, in nanoseconds."""
        return Sampled(name, kind, parent, shown, done=self.queue.put, began=began)

    def decided(self, parent: Trace | None) -> bool:
        """Return whether what follows from a place is kept; where nobody has decided, we do.

        That is left to chance, not to the trace's id: a client may choose that.
        """
        if parent is not None:
            return parent.sampled
        return random.random() < self._sampling  # noqa: S311 - no secret

    def publishing(self, messages: Sequence[Message]) -> Publishing:
        """Begin to publish messages; one without an id of its own is none of ours to trace."""
        spans = [
            None if Trace.is_left_out(message.headers) else self._publishing(message)
            for message in messages
        ]
        return _Publishing(spans, messages) if any(spans) else UNTRACED.publishing(messages)

    @contextmanager
    def receiving(self, record: Record) -> Iterator[None]:
        """Show that somebody who waits is told of a message."""
        parent = Trace.of(record.headers)
        if parent is None or not parent.sampled:
            yield
            return
        shown = {**self._about("receive"), **_shown(record.headers), **_destination(record.topic)}
        span = self.begin(f"receive {record.topic}", SpanKind.CONSUMER, parent, shown)
        try:
            yield
        finally:
            span.end()

    def _publishing(self, message: Message) -> Sampled | Unsampled | None:
        headers = message.headers
        parent = Trace.of(headers)
        if not any(name == "ce_id" for name, _ in headers):
            return None
        if not self.decided(parent):
            return None if parent else Unsampled(left_out(None))
        shown = {**self._about("send"), **_shown(headers), **_destination(message.topic)}
        return self.begin(f"publish {message.topic}", SpanKind.PRODUCER, parent, shown)

    def _about(self, operation: str, consumer: str | None = None) -> Attributes:
        about: Attributes = {
            "messaging.system": self._system,
            "messaging.operation.type": operation,
        }
        return about if consumer is None else {**about, "messaging.consumer.group.name": consumer}


class _UnsampledRequest(Unsampled):
    """A request of which nobody keeps what becomes of it."""

    __slots__ = ()

    def answered(self, *, route: str | None, status: int, operation_id: str | None) -> None:
        """Forget it."""


class _Request(Sampled):
    """A request that is being answered."""

    __slots__ = ()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        super().__exit__(kind, error, traceback)
        self.end(error)

    def answered(self, *, route: str | None, status: int, operation_id: str | None) -> None:
        """Name the span by the request's route, and show what it was answered with."""
        if route is not None:
            self.name = f"{self.name} {route}"
            self.show("http.route", route)
        if operation_id is not None:
            self.show("tradex.operation.id", operation_id)
        if status:
            self.show("http.response.status_code", status)
        if status >= _SERVER_ERROR:
            self.fail()


class _Publishing(AbstractContextManager["_Publishing"]):
    """Messages on their way to the broker; a message that is not traced has no span."""

    def __init__(
        self, spans: Sequence[Sampled | Unsampled | None], messages: Sequence[Message]
    ) -> None:
        self._spans = spans
        self.messages = [
            message if span is None else span.trace.on(message)
            for span, message in zip(spans, messages, strict=True)
        ]
        self._answers: Sequence[BaseException | None] = [None] * len(messages)

    def answered(self, answers: Sequence[Exception | None]) -> None:
        """Hear what became of each."""
        self._answers = answers

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for span, answer in zip(self._spans, self._answers, strict=True):
            if span is not None:
                span.end(error or answer)


class _Batch(AbstractContextManager["_Batch"]):
    """An attempt at a batch: a span of its own, linked to and from those of its messages.

    It is kept where one of its messages is. What is committed is committed for all of them, so
    each message's trace shows that.
    """

    def __init__(self, tracer: OtlpTracer, consumer: str, about: Attributes, size: int) -> None:
        self._tracer = tracer
        self._consumer = consumer
        self._about = about
        self._size = size
        self._began = time.time_ns()
        self._messages: list[Sampled] = []
        self._own: Sampled | None = None
        self._at_hand: Span | None = None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for span in self._messages:
            if self._at_hand is None or self._at_hand is span:
                span.end(error)
            else:
                span.outcome("rolled_back")
                span.end()
        if self._own is not None:
            self._own.end(error)

    def message(self, record: Record, envelope: Envelope | None = None) -> Sampled | Unsampled:
        """Return the span of one message's handling; the whole attempt at it is its time."""
        if envelope is None:
            parent = Trace.of(record.headers)
        else:
            parent = Trace.read(envelope.traceparent, envelope.tracestate)
        is_kept = self._tracer.decided(parent)
        span = self._sampled(record, parent) if is_kept else Unsampled(left_out(parent))
        self._at_hand = span
        return span

    def _sampled(self, record: Record, parent: Trace | None) -> Sampled:
        own = self._own = self._own or self._begin()
        if parent is not None:
            own.link(parent)
        shown: Attributes = {
            **self._about,
            **_shown(record.headers),
            **_destination(record.topic),
            "messaging.destination.partition.id": str(record.partition),
            "messaging.kafka.offset": record.offset,
        }
        name, kind = f"process {record.topic}", SpanKind.CONSUMER
        span = self._tracer.begin(name, kind, parent, shown, self._began)
        span.link(own.trace)
        self._messages.append(span)
        return span

    def _begin(self) -> Sampled:
        shown: Attributes = {**self._about, "messaging.batch.message_count": self._size}
        return self._tracer.begin("process batch", SpanKind.CONSUMER, None, shown, self._began)

    @contextmanager
    def committing(self) -> Iterator[None]:
        """Show in each message's trace that what it came to is committed."""
        self._at_hand = None
        name = f"commit {self._consumer}"
        commits = [
            self._tracer.begin(name, SpanKind.INTERNAL, span.trace, {}) for span in self._messages
        ]
        failure: BaseException | None = None
        try:
            yield
        except BaseException as error:
            failure = error
            raise
        finally:
            for span in commits:
                span.end(failure)


def _shown(headers: Headers) -> Attributes:
    return {_SHOWN[name]: raw.decode(errors="replace") for name, raw in headers if name in _SHOWN}


def _destination(topic: str) -> Attributes:
    return {"messaging.destination.name": topic}
