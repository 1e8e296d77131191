"""Jaeger 2, which keeps traces in memory; and the same program as an OpenTelemetry collector.

Jaeger is a collector with storage, so it also runs, and judges, a collector's configuration.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from tests.builders.traces import KeptSpan
from tests.services.servers.golang import built
from tests.services.servers.process import Process, accepts, free_port
from tests.services.servers.server import Server, cached

_PACKAGE: Final = "github.com/jaegertracing/jaeger/cmd/jaeger"
_VERSION: Final = "v1.76.0"
"""Of the module, which is released as Jaeger 2.13.0."""
_PROGRAM: Final = cached(f"jaeger-{_VERSION}") / "jaeger"
_KEPT_TRACES: Final = 20_000


async def fetch_jaeger() -> Path:
    """Return the program, built where it is not there yet; raises Unavailable."""
    return await built("jaeger", _PACKAGE, _VERSION)


class Jaeger(Server):
    """Takes traces over OTLP; `url` is where it shows them, `otlp` the host and port for gRPC."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.otlp = f"127.0.0.1:{free_port()}"
        self._configuration = folder / "jaeger.json"
        self.process = Process(
            "Jaeger", [_PROGRAM, f"--config={self._configuration}"], folder / "jaeger.log"
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        await fetch_jaeger()
        self._configuration.write_text(json.dumps(self._settings()))

    async def answers(self) -> bool:
        return await accepts(self.port)

    async def trace(self, trace_id: str) -> list[KeptSpan]:
        """Return what it has of a trace by now."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            answer = await client.get(f"/api/traces/{trace_id}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return []
        [trace] = answer.raise_for_status().json()["data"]
        return [_kept(span, trace["processes"]) for span in trace["spans"]]

    def _settings(self) -> Mapping[str, Any]:
        storage = {"traces": "memory"}
        return {
            "extensions": {
                "jaeger_storage": {
                    "backends": {"memory": {"memory": {"max_traces": _KEPT_TRACES}}}
                },
                "jaeger_query": {
                    "storage": storage,
                    "http": {"endpoint": f"127.0.0.1:{self.port}"},
                    "grpc": {"endpoint": f"127.0.0.1:{free_port()}"},
                },
            },
            "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": self.otlp}}}},
            "exporters": {"jaeger_storage_exporter": {"trace_storage": "memory"}},
            "service": {
                "extensions": ["jaeger_storage", "jaeger_query"],
                "pipelines": {
                    "traces": {"receivers": ["otlp"], "exporters": ["jaeger_storage_exporter"]}
                },
                "telemetry": {"metrics": {"level": "none"}},
            },
        }


class OtelCollector(Server):
    """Runs a collector's configuration file; `url` is where apps send their traces.

    The file takes its addresses from `environment`, those of its own ports from what is said here.
    """

    def __init__(self, folder: Path, file: Path, **environment: str) -> None:
        self.port = free_port()
        self.metrics_port = free_port()
        told = {
            **environment,
            "OTLP_ENDPOINT": f"127.0.0.1:{self.port}",
            "METRICS_HOST": "127.0.0.1",
            "METRICS_PORT": str(self.metrics_port),
        }
        self.process = Process(
            "the OpenTelemetry collector",
            [_PROGRAM, f"--config={file}"],
            folder / "collector.log",
            environment=told,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        await fetch_jaeger()

    async def answers(self) -> bool:
        return await accepts(self.port)


def _kept(span: Mapping[str, Any], processes: Mapping[str, Any]) -> KeptSpan:
    attributes = {tag["key"]: tag["value"] for tag in span["tags"]}
    parents = [each["spanID"] for each in span["references"] if each["refType"] == "CHILD_OF"]
    return KeptSpan(
        trace_id=span["traceID"],
        span_id=span["spanID"],
        parent_id=parents[0] if parents else "",
        name=span["operationName"],
        service=processes[span["processID"]]["serviceName"],
        attributes=attributes,
        failed=bool(attributes.get("error")),
    )
