"""The platform as operators see it, with clients on it and the files of compose/observability."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import httpx
from tests.builders.traces import ORDER_TREE, KeptSpan, tree_of
from tests.journeys.people import an_order
from tests.services.faults.campaign import SETTINGS, Campaign
from tests.services.faults.clients import Buyer, Seller
from tests.services.faults.history import History
from tests.services.observability.dashboards import OBSERVABILITY, Query, queries
from tests.services.servers.jaeger import Jaeger, OtelCollector
from tests.services.servers.process import free_port
from tests.services.servers.prometheus import Alert, Prometheus
from tests.services.stack import Stack

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from tradex_core.events import topics
from tradex_core.messaging.broker import Message

TRACE_ID: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
_TRACEPARENT: Final = f"00-{TRACE_ID}-00f067aa0ba902b7-01"
_PATIENCE_SECONDS: Final = 60.0
_LOOK_AGAIN_SECONDS: Final = 0.5

FIRE: Final = {"AppDown", "DeadLetters", "ServerAway"}
"""The alerts that must fire when what `suffer` does is done."""

Series = list[Mapping[str, Any]]


class Seen(NamedTuple):
    """What operators saw: an order's trace, each query's values, the requests that a point of a
    graph leads to, and the alerts that fired before things were broken and afterwards."""

    trace: list[KeptSpan]
    values: Mapping[Query, Series]
    requests: list[KeptSpan]
    before: list[Alert]
    fired: list[Alert]


class Observed:
    """A stack whose traces go through our collector to Jaeger, and whose metrics to Prometheus."""

    def __init__(self, folder: Path) -> None:
        metrics_port = free_port()
        self.jaeger = Jaeger(folder)
        self._collector = OtelCollector(
            folder, OBSERVABILITY / "collector.yaml", JAEGER_ENDPOINT=self.jaeger.otlp
        )
        told = {
            "TRADEX_OTLP_ENDPOINT": self._collector.url,
            "TRADEX_TRACE_SAMPLING": "1.0",
            "TRADEX_METRICS_PORT": str(metrics_port),
        }
        self.stack = Stack(folder, settings={**SETTINGS, **told})
        targets = {app.kind: [f"127.0.0.1:{app.port}"] for app in self.stack.apps.values()}
        targets |= {
            "gateway": [f"127.0.0.1:{metrics_port}"],
            "collector": [f"127.0.0.1:{self._collector.metrics_port}"],
        }
        self.prometheus = Prometheus(folder, OBSERVABILITY / "prometheus.yaml", targets)
        self._entered = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            for server in (self.jaeger, self._collector, self.prometheus, self.stack):
                await self._entered.enter_async_context(server)
            await self._entered.enter_async_context(Campaign(self.stack, seed=1))
        except BaseException:
            await self._entered.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for app in self.stack.apps.values():
            app.kill()  # one whose database is gone would wait for it, to end in order
        await self._entered.aclose()

    async def order(self) -> None:
        """Have something ordered in a trace of the client's."""
        [gateway] = self.stack.gateways
        seller = Seller("mateo", [gateway.url], History(), Random(1))
        buyer = Buyer("bruno", [gateway.url], History(), Random(2))
        await asyncio.gather(seller.sign_up("seller"), buyer.sign_up("buyer"))
        [product] = await seller.open_shop(1, stock=10)
        await asyncio.gather(seller.close(), buyer.close())
        headers = {"authorization": f"Bearer {buyer.token}", "prefer": "wait=20"}
        async with httpx.AsyncClient(base_url=f"{gateway.url}/v1", timeout=30) as api:
            answer = await api.post(
                "/orders",
                json=an_order(product, 2),
                headers={**headers, "traceparent": _TRACEPARENT},
            )
        answer.raise_for_status()

    async def trace(self, tree: str) -> list[KeptSpan]:
        """Return the ordered thing's trace, once Jaeger has this tree or that takes too long."""
        spans: list[KeptSpan] = []
        async for _ in _looks():
            spans = await self.jaeger.trace(TRACE_ID)
            if tree_of(spans) == tree:
                break
        return spans

    async def requests(self) -> list[KeptSpan]:
        """Return the requests in the trace that a point of the requests' durations leads to.

        Waits until Jaeger has one: of a trace, what ends first is told first.
        """
        async for _ in _looks():
            found = await self.prometheus.ask(
                *("query_exemplars",),
                query="tradex_http_request_duration_seconds_bucket",
                start=str(time.time() - 60),
                end=str(time.time()),
            )
            for series in found:
                for exemplar in series["exemplars"]:
                    spans = await self.jaeger.trace(exemplar["labels"]["trace_id"])
                    if requests := [s for s in spans if "http.request.method" in s.attributes]:
                        return requests
        return []

    async def values(self) -> Mapping[Query, Series]:
        """Return what each query of the dashboards shows, once none of them shows nothing.

        Or what they show when that takes too long.
        """
        found: dict[Query, Series] = {}
        wanted = list(queries())
        async for _ in _looks():
            shown = [await self.prometheus.query(query.expression) for query in wanted]
            found = {query: _numbers(series) for query, series in zip(wanted, shown, strict=True)}
            if all(found.values()):
                break
        return found

    async def suffer(self) -> None:
        """Break things: an app is gone, a database stands still, a command is no JSON."""
        broker = KafkaBroker(KafkaSettings(bootstrap_servers=self.stack.kafka_address))
        await broker.publish([Message(topic=topics.AUTH_COMMANDS, key=b"nobody", value=b"{")])
        await broker.close()
        self.stack.apps["orders-1"].kill()
        self.stack.mongo.kill()

    async def until_firing(self, wanted: set[str]) -> list[Alert]:
        """Return the alerts that fire, once all of these do or that takes too long."""
        firing: list[Alert] = []
        async for _ in _looks():
            firing = await self.prometheus.firing()
            if wanted <= {alert.name for alert in firing}:
                break
        return firing


async def look(folder: Path) -> Seen:
    """Run the platform with clients, look at all of it, and then break it."""
    async with Observed(folder) as platform:
        await platform.order()
        trace = await platform.trace(ORDER_TREE)
        values = await platform.values()
        requests = await platform.requests()
        before = await platform.prometheus.firing()
        await platform.suffer()
        fired = await platform.until_firing(FIRE)
    return Seen(trace, values, requests, before, fired)


async def _looks() -> AsyncIterator[None]:
    """Yield as often as is worth looking, with a pause in between."""
    for _ in range(int(_PATIENCE_SECONDS / _LOOK_AGAIN_SECONDS)):
        yield
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _numbers(series: Series) -> Series:
    return [each for each in series if not math.isnan(float(each["value"][1]))]
