"""Spans as they go on: which are kept, where in their traces they stand, and what they show."""

import random
import time
from collections.abc import Callable
from itertools import chain
from typing import Final
from uuid import uuid4

from msgspec import structs
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.span import TraceFlags
from opentelemetry.util.types import AttributeValue

from tradex_core.messaging.tracing import Entered, Trace

Attributes = dict[str, AttributeValue]

_SCOPE: Final = InstrumentationScope("tradex")
_ID_BYTES: Final = 16 + 8
_IDS_AT_ONCE: Final = 256
_MOST_LINKS: Final = 1024
_LONGEST: Final = 256
"""Of what strangers send, a span shows no more; of a larger batch, it is linked to so many."""


class Unsampled(Entered):
    """A span that nobody keeps: it has a place all the same, that what it causes follows from."""

    __slots__ = ()

    def end(self, error: BaseException | None = None) -> None:
        """Do nothing."""


class Sampled(Entered):
    """A span that is kept: once it has ended it is handed on, to be laid out for a collector."""

    __slots__ = (
        "_attributes",
        "_began",
        "_done",
        "_ended",
        "_failed",
        "_kind",
        "_links",
        "_parent",
        "name",
    )

    def __init__(
        self,
        name: str,
        kind: SpanKind,
        parent: Trace | None,
        attributes: Attributes,
        *,
        done: Callable[["Sampled"], None],
        began: int | None = None,
    ) -> None:
        super().__init__(_below(parent))
        self.name = name
        self._kind = kind
        self._parent = parent
        self._attributes = attributes
        self._done = done
        self._began = time.time_ns() if began is None else began
        self._ended = 0
        self._links: list[Trace] = []
        self._failed = False

    def outcome(self, name: str, *, failed: bool = False) -> None:
        """Show it, and that it is an error where it failed."""
        self.show("tradex.outcome", name)
        self._failed |= failed

    def show(self, name: str, value: AttributeValue) -> None:
        """Show an attribute."""
        self._attributes[name] = value

    def fail(self) -> None:
        """Show that it is an error."""
        self._failed = True

    def link(self, to: Trace) -> None:
        """Lead to a place in another trace."""
        if len(self._links) < _MOST_LINKS:
            self._links.append(to)

    def end(self, error: BaseException | None = None) -> None:
        """End it, for an error where there is one.

        It shows the error's type; what it says may hold what nobody should read.
        """
        if error is not None:
            self.show("error.type", type(error).__name__)
            self.fail()
        self._ended = time.time_ns()
        self._done(self)

    def laid_out(self, resource: Resource) -> ReadableSpan:
        """Return it as the SDK's exporters take it."""
        return ReadableSpan(
            self.name,
            _context_of(self.trace, is_remote=False),
            None if self._parent is None else _context_of(self._parent),
            resource,
            {name: _cut(value) for name, value in self._attributes.items()},
            links=[Link(_context_of(place)) for place in self._links],
            kind=self._kind,
            status=Status(StatusCode.ERROR if self._failed else StatusCode.UNSET),
            start_time=self._began,
            end_time=self._ended,
            instrumentation_scope=_SCOPE,
        )


class _Resource(Resource):
    """What a process says of itself with its spans; there is one, which is like no other.

    The exporter looks it up for each span, and the SDK writes it down as JSON to hash it.
    """

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def resource_of(service: str) -> Resource:
    """Return what this process, which runs a service, says of itself."""
    told = Resource.create(
        {
            "service.namespace": "tradex",
            "service.name": service,
            "service.instance.id": str(uuid4()),
        }
    )
    return _Resource(told.attributes, told.schema_url)


def left_out(parent: Trace | None) -> Trace:
    """Return the place of a span that is not kept: its parent's, or in a trace of its own."""
    if parent is None:
        return Trace(*next(_ids), sampled=False)
    return structs.replace(parent, sampled=False) if parent.sampled else parent


def _below(parent: Trace | None) -> Trace:
    """Return the place of a span that is kept, whatever its parent's is."""
    trace_id, span_id = next(_ids)
    if parent is None:
        return Trace(trace_id, span_id, sampled=True)
    return Trace(parent.trace_id, span_id, sampled=True, tracestate=parent.tracestate)


def _more_ids() -> list[tuple[str, str]]:
    """Make up ids of traces and of spans, many at a time: one by one takes five times as long."""
    digits = random.randbytes(_ID_BYTES * _IDS_AT_ONCE).hex()  # noqa: S311 - no secret
    starts = range(0, len(digits), 2 * _ID_BYTES)
    return [(digits[at : at + 32], digits[at + 32 : at + 48]) for at in starts]


# No generator: that cannot be asked by two threads at once.
_ids: Final = chain.from_iterable(iter(_more_ids, None))


def _cut(value: AttributeValue) -> AttributeValue:
    return value[:_LONGEST] if isinstance(value, str) else value


def _context_of(trace: Trace, *, is_remote: bool = True) -> SpanContext:
    return SpanContext(
        int(trace.trace_id, 16),
        int(trace.span_id, 16),
        is_remote=is_remote,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
