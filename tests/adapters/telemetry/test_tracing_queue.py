"""The queue before the collector: it never waits, and what is lost is counted."""

import threading
import time
from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

from adapters.telemetry.tracing_queue import SpanQueue
from adapters.telemetry.tracing_spans import Sampled, resource_of

RESOURCE = resource_of("orders")


class Recorder(SpanExporter):
    """Keeps the names of what it is given, once its gate is open; answers as it is told."""

    def __init__(self, *, is_open: bool = True, answer: SpanExportResult | None = None) -> None:
        self.names: list[str] = []
        self.gate = threading.Event()
        self.asked = threading.Event()
        self.closed = False
        self._answer = SpanExportResult.SUCCESS if answer is None else answer
        if is_open:
            self.gate.set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.asked.set()
        self.gate.wait(30)
        self.names += [span.name for span in spans]
        return self._answer

    def shutdown(self) -> None:
        self.closed = True


class Broken(Recorder):
    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        msg = "the exporter has a bug"
        raise TypeError(msg)


def fill(queue: SpanQueue, *names: str) -> None:
    for name in names:
        Sampled(name, SpanKind.INTERNAL, None, {}, done=queue.put).end()


def test_closing_delivers_what_waits_in_order() -> None:
    exporter = Recorder()
    queue = SpanQueue(exporter, RESOURCE, every=60)
    names = [str(number) for number in range(1200)]
    fill(queue, *names)
    queue.close(within=10)
    assert names == exporter.names
    assert (1200, 0) == (queue.exported, queue.dropped)
    assert exporter.closed


def test_what_waits_is_delivered_before_long() -> None:
    exporter = Recorder()
    queue = SpanQueue(exporter, RESOURCE, every=0.01)
    fill(queue, "request")
    assert exporter.asked.wait(10)
    queue.close(within=10)


def test_a_full_queue_drops_what_comes_and_counts_it() -> None:
    exporter = Recorder(is_open=False)
    queue = SpanQueue(exporter, RESOURCE, room=3, every=0.001)
    fill(queue, "stuck")
    assert exporter.asked.wait(10)
    fill(queue, "first", "second", "third", "too many", "too many")
    assert 2 == queue.dropped
    exporter.gate.set()
    queue.close(within=10)
    assert ["stuck", "first", "second", "third"] == exporter.names


def test_closing_waits_for_no_collector_longer_than_it_may() -> None:
    exporter = Recorder(is_open=False)
    queue = SpanQueue(exporter, RESOURCE, every=0.001)
    fill(queue, "stuck")
    assert exporter.asked.wait(10)
    fill(queue, "never")
    began = time.monotonic()
    queue.close(within=0.1)
    assert time.monotonic() - began < 5
    assert 1 == queue.dropped
    exporter.gate.set()


def test_what_comes_after_the_end_is_dropped() -> None:
    queue = SpanQueue(Recorder(), RESOURCE)
    queue.close(within=1)
    fill(queue, "late")
    assert 1 == queue.dropped


def test_what_cannot_be_delivered_counts_as_lost() -> None:
    for exporter in (Recorder(answer=SpanExportResult.FAILURE), Broken()):
        queue = SpanQueue(exporter, RESOURCE)
        fill(queue, "request", "process")
        queue.close(within=10)
        assert (0, 2) == (queue.exported, queue.dropped)
