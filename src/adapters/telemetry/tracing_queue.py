"""Spans on their way to a collector: a bounded queue that a thread of its own empties."""

import logging
import threading
import time
from collections import deque
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from adapters.telemetry.tracing_spans import Sampled

_log = logging.getLogger("tradex.telemetry")

ROOM: Final = 8192
"""How many spans wait at most; a thousand take about a megabyte."""
_AT_ONCE: Final = 512
_EVERY_SECONDS: Final = 1.0


class SpanQueue:
    """Takes spans without ever waiting; what there is no room for is dropped and counted.

    Its thread starts with the first span, and lays out what it delivers: a whole batch at once,
    which takes a fraction of what it would among everything else that a span's end is part of.
    What the exporter could not deliver counts as dropped.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        resource: Resource,
        *,
        room: int = ROOM,
        every: float = _EVERY_SECONDS,
    ) -> None:
        self.exported = 0
        self._dropped = 0
        self._exporter = exporter
        self._resource = resource
        self._room = room
        self._every = every
        self._waiting: deque[Sampled] = deque()
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._closing = False
        self._thread: threading.Thread | None = None

    @property
    def dropped(self) -> int:
        """How many spans were lost so far."""
        return self._dropped

    def put(self, span: Sampled) -> None:
        """Take a span that has ended."""
        with self._lock:
            if self._closing or len(self._waiting) >= self._room:
                self._dropped += 1
                return
            self._waiting.append(span)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="traces", daemon=True)
                self._thread.start()
        if len(self._waiting) >= _AT_ONCE:
            self._awake.set()

    def close(self, within: float) -> None:
        """Deliver what waits, in so many seconds; what is left then is dropped. Blocks."""
        ends_at = time.monotonic() + within
        with self._lock:
            self._closing = True
        self._awake.set()
        if self._thread is not None:
            self._thread.join(max(0.0, ends_at - time.monotonic()))
        self._exporter.shutdown()
        with self._lock:
            self._dropped += len(self._waiting)
            self._waiting.clear()
        if self._dropped:
            _log.warning("%d spans were lost, %d delivered", self._dropped, self.exported)

    def _run(self) -> None:
        while not self._closing:
            self._awake.wait(self._every)
            self._awake.clear()
            self._deliver()
        self._deliver()

    def _deliver(self) -> None:
        while batch := self._next():
            delivered = self._export(batch)
            with self._lock:
                if delivered:
                    self.exported += len(batch)
                else:
                    self._dropped += len(batch)

    def _next(self) -> list[Sampled]:
        with self._lock:
            count = min(_AT_ONCE, len(self._waiting))
            return [self._waiting.popleft() for _ in range(count)]

    def _export(self, batch: list[Sampled]) -> bool:
        try:
            spans = [span.laid_out(self._resource) for span in batch]
            return self._exporter.export(spans) is SpanExportResult.SUCCESS
        except Exception:  # noqa: BLE001 - the thread goes on, whatever it comes to
            _log.warning("spans could not be delivered", exc_info=True)
            return False
