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

from apps.runtime.settings import Settings

_KEPT: Final = str(Settings.trace_sampling)
_MORE_KEPT: Final = "0.1"
_WATCHED: Final = (
    f"watched: spans of {_KEPT} of the traces, as by default, to a collector on the same machine, "
    "every metric, a line of the log for each request and each message"
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
    return [
        _row("gateway-watched", "gateway, POST /v1/orders", "requests", reports),
        _row(
            "orders-watched", f"orders service, {orders:,} CREATE_ORDER waiting", "orders", drains
        ),
    ]


def _gateways(url: str) -> Sequence[Sequence[str]]:
    watched = (("gateway-watched", url, sampling) for sampling in (_KEPT, _MORE_KEPT))
    return (*watched, ("gateway-unwatched",))


def _row(name: str, what: str, unit: str, rounds: Sequence[Sequence[_Paced]]) -> Row:
    watched, kept_more, unwatched = zip(*rounds, strict=True)
    more = f"{_ratio(kept_more, unwatched).median:.2f}x"
    return Row(
        name=name,
        label=name.replace("-", ", "),
        what=f"{what}, {_WATCHED}: {unit} a second",
        against=_AGAINST,
        goal=_GOAL,
        got=_ratio(watched, unwatched),
        notes=(
            f"{_median(watched)} {unit} a second (medians), unwatched {_median(unwatched)}",
            f"where {_MORE_KEPT} of the traces are kept: {more}",
        ),
    )


def _ratio(watched: Sequence[_Paced], unwatched: Sequence[_Paced]) -> Ratio:
    return Ratio.of(
        (on.per_second, off.per_second) for on, off in zip(watched, unwatched, strict=True)
    )


def _median(paced: Sequence[_Paced]) -> str:
    return f"{median(each.per_second for each in paced):,.0f}"


@contextmanager
def _collector() -> Iterator[str]:
    with running("-m", "tests.bench.collecting") as process:
        yield msgspec.json.decode(first_line(process), type=str)


async def _drained(url: str, rounds: int, orders: int) -> list[Sequence[Drain]]:
    async with deployed({"orders": 3}) as stack:
        watched, kept_more, unwatched = sides = stack.apps_of("orders")
        async with without(*sides):
            _run(unwatched, "tests.bench.unwatched", TRADEX_LOG_LEVEL="error")
            for app, sampling in ((watched, _KEPT), (kept_more, _MORE_KEPT)):
                traced = {"TRADEX_OTLP_ENDPOINT": url, "TRADEX_TRACE_SAMPLING": sampling}
                _run(app, "apps.cli", TRADEX_LOG_LEVEL="info", **traced)
        service = OrdersService(stack)
        await service.prepare()
        return [[await _alone(service, app, sides, orders) for app in sides] for _ in range(rounds)]


async def _alone(service: OrdersService, app: App, sides: Sequence[App], orders: int) -> Drain:
    async with without(*(each for each in sides if each is not app)):
        return await service.drain([app], orders)


def _run(app: App, module: str, **settings: str) -> None:
    told = [f"{name}={value}" for name, value in settings.items()]
    app.process.command = ["env", *told, sys.executable, "-m", module, "run", app.kind]
