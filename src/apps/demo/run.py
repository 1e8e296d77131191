"""The demo from start to end: a platform of its own, the replay, the evidence, the verdict."""

import time
from io import StringIO
from typing import Protocol

from apps.demo.accounts import AdminMaker
from apps.demo.client import ApiClient
from apps.demo.evidence import gather
from apps.demo.invariants import check
from apps.demo.log import Readable
from apps.demo.northwind import Northwind
from apps.demo.progress import Reporting
from apps.demo.replay import Replay
from apps.demo.summary import Summary, summarise

_REST_SECONDS = 10.0


class Market(AdminMaker, Protocol):
    """A running platform, as far as the demo looks beyond its HTTP API."""

    @property
    def broker(self) -> Readable:
        """The broker that it runs on."""
        ...

    @property
    def url(self) -> str:
        """Where the API answers."""
        ...

    async def quiet(self, timeout: float) -> bool:
        """Wait until every message is handled; return whether that came in time."""
        ...


async def run_demo(
    market: Market, reporting: Reporting, *, log: StringIO, northwind: Northwind | None = None
) -> Summary:
    """Trade on a market that nobody else uses, and check its books; `log` is what it has logged.

    Raises ApiError where the replay cannot go on.
    """
    began = time.perf_counter()
    northwind = northwind or Northwind.read()
    async with ApiClient(market.url) as api:
        replay = Replay(northwind, api, market, reporting)
        await replay.run()
        await market.quiet(_REST_SECONDS)
        evidence = await gather(replay, api=api, broker=market.broker, logged=log.getvalue())
    return summarise(
        northwind,
        evidence,
        check(evidence),
        price_moves=replay.shop.price_moves,
        seconds=time.perf_counter() - began,
    )
