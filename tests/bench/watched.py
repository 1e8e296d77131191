"""What it costs to be watched: traces, metrics and the log, against none of them."""

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median
from typing import Final

import msgspec
from tests.bench.backlog import Drain, OrdersService
from tests.bench.deployed import deployed, without
from tests.bench.gateway_pace import under_load
from tests.bench.load import Report
from tests.bench.processes import first_line, running
from tests.bench.rounds import Ratio, in_turns
from tests.bench.table import Goal, Row
from tests.services.stack import App

_WATCHED: Final = (
    "watched: spans of a tenth of the traces to a collector on the same machine, every metric, a "
    "line of the log for each request and each message"
)
_AGAINST: Final = "the same without traces, metrics and log"
_Paced = Report | Drain
_GOAL: Final = Goal(0.9, at_least=True)


def measure(*, rounds: int, seconds: float, orders: int) -> list[Row]:
    """Load a gateway, and an orders service, that is watched and that is not, in turns."""
    with _collector() as url:
        sides = (partial(under_load, seconds, *kind) for kind in _gateways(url))
        reports = in_turns(rounds, *sides)
        drains = asyncio.run(_drained(url, rounds, orders))
    return [_gateway_row(reports), _orders_row(drains, orders)]


def _gateways(url: str) -> Sequence[Sequence[str]]:
    return ("gateway-watched", url), ("gateway-unwatched",)


def _gateway_row(reports: Sequence[Sequence[Report]]) -> Row:
    watched, unwatched = zip(*reports, strict=True)
    return Row(
        name="gateway-watched",
        label="gateway, watched",
        what=f"gateway, POST /v1/orders, {_WATCHED}: requests a second",
        against=_AGAINST,
        goal=_GOAL,
        got=Ratio.of(
            (on.per_second, off.per_second) for on, off in zip(watched, unwatched, strict=True)
        ),
        notes=(_medians("requests", watched, unwatched),),
    )


def _orders_row(drains: Sequence[tuple[Drain, Drain]], orders: int) -> Row:
    watched, unwatched = zip(*drains, strict=True)
    return Row(
        name="orders-watched",
        label="orders, watched",
        what=f"orders service, {orders:,} CREATE_ORDER waiting, {_WATCHED}: orders a second",
        against=_AGAINST,
        goal=_GOAL,
        got=Ratio.of((on.per_second, off.per_second) for on, off in drains),
        notes=(_medians("orders", watched, unwatched),),
    )


def _medians(what: str, watched: Sequence[_Paced], unwatched: Sequence[_Paced]) -> str:
    on, off = (median(each.per_second for each in side) for side in (watched, unwatched))
    return f"{on:,.0f} {what} a second (medians), unwatched {off:,.0f}"


@contextmanager
def _collector() -> Iterator[str]:
    with running("-m", "tests.bench.collecting") as process:
        yield msgspec.json.decode(first_line(process), type=str)


async def _drained(url: str, rounds: int, orders: int) -> list[tuple[Drain, Drain]]:
    async with deployed({"orders": 2}) as stack:
        watched, unwatched = stack.apps_of("orders")
        async with without(watched, unwatched):
            _run(watched, "apps.cli", TRADEX_LOG_LEVEL="info", TRADEX_OTLP_ENDPOINT=url)
            _run(unwatched, "tests.bench.unwatched", TRADEX_LOG_LEVEL="error")
        service = OrdersService(stack)
        await service.prepare()
        drains = []
        for _ in range(rounds):
            async with without(unwatched):
                on = await service.drain([watched], orders)
            async with without(watched):
                off = await service.drain([unwatched], orders)
            drains.append((on, off))
        return drains


def _run(app: App, module: str, **settings: str) -> None:
    told = [f"{name}={value}" for name, value in settings.items()]
    app.process.command = ["env", *told, sys.executable, "-m", module, "run", app.kind]
