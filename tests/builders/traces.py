"""Spans as whoever keeps them shows them, the trees that they make, and a collector to send to."""

import gzip
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tradex_core.events import topics
from tradex_core.telemetry import contract
from tradex_core.telemetry.declaring import SERVICES

ORDER_TREE: Final = """\
POST /v1/orders
  publish order.commands
    process order.commands (orders)
      commit orders
      publish command.replies
        process command.replies (projector)
          commit projector
        receive command.replies
      publish order.created
        process order.created (catalog)
          commit catalog
          publish stock.reserved
            process stock.reserved (orders)
              commit orders
              publish order.updated
                process order.updated (catalog)
                process order.updated (projector)
                  commit projector
            process stock.reserved (projector)
              commit projector
          publish stock.updated
            process stock.updated (projector)
              commit projector
        process order.created (projector)
          commit projector"""
"""The trace of an order that somebody waits for, until every view shows it as confirmed."""


class KeptSpan(NamedTuple):
    """A span as it was delivered; `links` are the ids of the spans that it is linked to."""

    trace_id: str
    span_id: str
    parent_id: str
    name: str
    service: str
    attributes: Mapping[str, Any]
    links: tuple[str, ...] = ()
    failed: bool = False

    @property
    def title(self) -> str:
        """Its name, and who handled where it is a message's handling."""
        consumer = self.attributes.get("messaging.consumer.group.name")
        return f"{self.name} ({consumer})" if consumer else self.name


def undeclared(spans: Iterable[KeptSpan]) -> set[str]:
    """Return the names and attributes of spans that the telemetry contract does not have."""
    found = set()
    for span in spans:
        kinds = [kind for kind in contract.SPANS if _NAMES[kind.name].fullmatch(span.name)]
        known = {attribute.name for kind in kinds for attribute in kind.attributes}
        found |= {f"{span.name}: {name}" for name in span.attributes.keys() - known}
        found |= set() if kinds else {span.name}
    return found


def _pattern(template: str) -> re.Pattern[str]:
    for part, values in _PARTS.items():
        template = template.replace(part, values)
    return re.compile(template)


_PARTS: Final = {
    "{method} {route}": f"({'|'.join((*contract.METHODS, 'HTTP'))})( /[a-z0-9_.{{}}/-]+)?",
    "{topic}": f"({'|'.join(map(re.escape, topics.OWN))})",
    "{consumer}": f"({'|'.join(SERVICES)})",
}
_NAMES: Final = {kind.name: _pattern(kind.name) for kind in contract.SPANS}


def tree_of(spans: Iterable[KeptSpan]) -> str:
    """Lay one trace's spans out as lines, each further in than its parent, in alphabetical order.

    What has no parent among them stands at the left.
    """
    spans = list(spans)
    ids = {span.span_id for span in spans}
    children: dict[str, list[KeptSpan]] = {}
    for span in spans:
        children.setdefault(span.parent_id if span.parent_id in ids else "", []).append(span)
    return "\n".join(_lines(children, "", ""))


def _lines(children: Mapping[str, list[KeptSpan]], parent_id: str, margin: str) -> Iterator[str]:
    for span in sorted(children.get(parent_id, ()), key=lambda span: span.title):
        yield margin + span.title
        yield from _lines(children, span.span_id, margin + "  ")


class Collector:
    """Takes traces over OTLP/HTTP on a port of loopback; answers `status` while it is set."""

    def __init__(self) -> None:
        self.spans: list[KeptSpan] = []
        self.raw: list[bytes] = []
        self.resource: Mapping[str, Any] = {}
        self.status = 200
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                if collector.status == 200 and self.path == "/v1/traces":
                    collector.take(body)
                self.send_response(collector.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def take(self, body: bytes) -> None:
        self.raw.append(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            self.resource = _attributes(resource.resource.attributes)
            service = self.resource["service.name"]
            for scope in resource.scope_spans:
                self.spans += [_kept(span, service) for span in scope.spans]

    def trace(self, trace_id: str) -> list[KeptSpan]:
        """Return what was delivered of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def named(self, name: str) -> list[KeptSpan]:
        """Return every span of this name."""
        return [span for span in self.spans if span.name == name]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _kept(span: Span, service: str) -> KeptSpan:
    return KeptSpan(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        name=span.name,
        service=service,
        attributes=_attributes(span.attributes),
        links=tuple(link.span_id.hex() for link in span.links),
        failed=span.status.code == Status.STATUS_CODE_ERROR,
    )


def _attributes(given: Iterable[KeyValue]) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value") or "") for each in given}
