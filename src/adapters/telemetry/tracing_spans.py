"""Spans of OpenTelemetry's SDK: which are kept, and where in their traces they stand."""

import random
from collections.abc import Sequence
from typing import Final
from uuid import uuid4

from msgspec import structs
from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.span import TraceFlags
from opentelemetry.util.types import AttributeValue

from tradex_core.messaging.tracing import Trace

Attributes = dict[str, AttributeValue]

_SCOPE: Final = "tradex"
_NOT_ZERO: Final = 1 << 64 | 1
"""A bit of a trace's id and one of a span's: neither may be zero."""
_LIMITS: Final = SpanLimits(max_links=1024, max_span_attribute_length=256)
"""Of what strangers send, no more than this; of a larger batch, only so many links."""


class Unsampled:
    """A span that nobody keeps: it has a place all the same, that what it causes follows from."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def outcome(self, name: str, *, failed: bool = False) -> None:
        """Forget it."""

    def end(self, error: BaseException | None = None) -> None:
        """Do nothing."""


class Sampled:
    """A span of the SDK that is open."""

    def __init__(self, span: otel.Span, tracestate: str | None) -> None:
        self._span = span
        self.context = context = span.get_span_context()
        self.trace = Trace(
            otel.format_trace_id(context.trace_id),
            otel.format_span_id(context.span_id),
            sampled=True,
            tracestate=tracestate,
        )

    def outcome(self, name: str, *, failed: bool = False) -> None:
        """Show it, and that it is an error where it failed."""
        self.show("tradex.outcome", name)
        if failed:
            self.fail()

    def show(self, name: str, value: AttributeValue) -> None:
        """Show an attribute."""
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        """Give it a name that is better now that more is known."""
        self._span.update_name(name)

    def fail(self) -> None:
        """Show that it is an error."""
        self._span.set_status(Status(StatusCode.ERROR))

    def link(self, to: Trace) -> None:
        """Lead to a place in another trace."""
        self._span.add_link(_context_of(to))

    def end(self, error: BaseException | None = None) -> None:
        """End it, for an error where there is one.

        It shows the error's type; what it says may hold what nobody should read.
        """
        if error is not None:
            self.show("error.type", type(error).__name__)
            self.fail()
        self._span.end()


class _Resource(Resource):
    """What a process says of itself with its spans; there is one, which is like no other.

    The exporter looks it up for each span, and the SDK writes it down as JSON to hash it.
    """

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def _resource(service: str) -> Resource:
    told = Resource.create(
        {
            "service.namespace": "tradex",
            "service.name": service,
            "service.instance.id": str(uuid4()),
        }
    )
    return _Resource(told.attributes, told.schema_url)


class Spans:
    """Starts spans, and decides which traces are sampled where nobody has decided yet.

    That is left to chance, not to the trace's id: a client may choose that.
    """

    def __init__(self, processor: SpanProcessor, *, service: str, sampling: float) -> None:
        self._sampling = sampling
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=_resource(service),
            shutdown_on_exit=False,
            span_limits=_LIMITS,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(_SCOPE)

    def decided(self, parent: Trace | None, *, trusted: bool = True) -> bool:
        """Return whether what follows from a place is sampled; a distrusted one has no say."""
        if parent is not None and trusted:
            return parent.sampled
        return random.random() < self._sampling  # noqa: S311 - no secret

    def start(
        self,
        name: str,
        kind: SpanKind,
        parent: Trace | None,
        attributes: Attributes,
        *,
        links: Sequence[SpanContext] = (),
        began: int | None = None,
    ) -> Sampled:
        """Start a span that is kept; one that began before is given when, in nanoseconds."""
        span = self._tracer.start_span(
            name,
            context=_parent(parent),
            kind=kind,
            attributes=attributes,
            links=[Link(context) for context in links],
            start_time=began,
        )
        return Sampled(span, None if parent is None else parent.tracestate)

    def pass_on(self, parent: Trace | None) -> Unsampled:
        """Return a span that is not kept, in the trace of its parent or in a new one."""
        if parent is None:
            ids = f"{random.getrandbits(192) | _NOT_ZERO:048x}"
            return Unsampled(Trace(ids[:32], ids[32:], sampled=False))
        return Unsampled(structs.replace(parent, sampled=False) if parent.sampled else parent)


def _parent(parent: Trace | None) -> Context:
    if parent is None:
        return Context()
    return otel.set_span_in_context(NonRecordingSpan(_context_of(parent)), Context())


def _context_of(trace: Trace) -> SpanContext:
    return SpanContext(
        int(trace.trace_id, 16),
        int(trace.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
