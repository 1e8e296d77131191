"""What an order keeps in memory: `python -m tests.bench.memory growth|stores ORDERS`.

`growth` tells how the process grows with its orders, `stores` where that memory lies.
"""

import gc
import os
import sys
from collections.abc import Mapping
from typing import Final

import msgspec
from tests.bench.processes import measured, resident_mib
from tests.bench.rounds import Ratio
from tests.bench.shop import open_shop
from tests.bench.sizes import Sizes
from tests.bench.table import Goal, Row

from apps.cli.event_loop import run
from apps.platform.platform import Platform
from apps.runtime.logging import configure_logging
from apps.runtime.settings import Settings
from tradex_core.events.topics import COMMAND_REPLIES, all_topics
from tradex_core.messaging.broker import Record
from tradex_core.orders.ports import ORDERS
from tradex_core.products.ports import MOVEMENTS
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS

_MIB: Final = 1024 * 1024
_BATCH: Final = 5_000
_SAMPLE: Final = 2_000

_KEPT: Final = (
    "kept for ever are events, facts, states, movements and the views of orders; for 8 days the "
    "inboxes; for 7 commands, replies and outcomes"
)

Census = Mapping[str, float]


class Growth(msgspec.Struct, frozen=True):
    """Resident MiB: before the first order, after half of them, after all."""

    before: float
    half: float
    after: float


def measure(*, orders: int) -> list[Row]:
    """Place that many orders, and look into the stores of a platform that took fewer."""
    growth = measured(Growth, "tests.bench.memory", "growth", str(orders))
    stores = measured(dict[str, float], "tests.bench.memory", "stores", str(_SAMPLE))
    half = orders / 2 / _MIB
    first, second = (growth.half - growth.before) / half, (growth.after - growth.half) / half
    explained = sum(stores.values())
    grown = (
        f"{growth.after:,.0f} MiB after {orders:,} orders of two lines, "
        f"{growth.before:,.0f} before: {first:,.0f} bytes each in the first half, "
        f"{second:,.0f} in the second"
    )
    return [
        Row(
            name="growth",
            label="memory of an order",
            what=f"memory that an order adds, the second half of {orders:,}",
            against="what the stores keep of an order, counted",
            goal=Goal(1.25),
            got=Ratio.exactly(second / explained),
            notes=(
                grown,
                f"{explained:,.0f} bytes of each are accounted for, the rest is the allocator's: "
                + ", ".join(f"{name} {size:,.0f}" for name, size in stores.items()),
                _KEPT,
            ),
        )
    ]


async def _growth(orders: int) -> Growth:
    async with Platform.build(Settings.embedded(http_port=0)) as platform:
        shop = await open_shop(platform)
        gc.freeze()
        resident = [resident_mib(os.getpid())]
        for _ in range(2):
            for placed in range(0, orders // 2, _BATCH):
                await shop.order(min(_BATCH, orders // 2 - placed))
                await platform.quiet(600)
            resident.append(resident_mib(os.getpid()))
        await shop.settled()
        return Growth(*resident)


async def _stores(orders: int) -> Census:
    """Return how many bytes each store keeps of an order: what it gained by so many of them."""
    async with Platform.build(Settings.embedded(http_port=0)) as platform:
        shop = await open_shop(platform)
        counted = []
        for _ in range(2):
            await shop.order(orders)
            await shop.settled()
            counted.append(await _census(platform))
    before, after = counted
    gained = {store: (size - before[store]) / orders for store, size in after.items()}
    return {store: size for store, size in gained.items() if size >= 1}


async def _census(platform: Platform) -> Census:
    """Count each store's bytes; what several share counts in the first that has it."""
    sizes, census = Sizes(), {}
    for topic in all_topics():
        census[topic.name] = sizes.of(await _records(platform, topic.name))
    orders, catalog = platform.orders_database, platform.catalog_database
    census["states of orders"] = sizes.of(orders.states[ORDERS])
    census["facts of orders"] = sizes.of(orders.histories)
    census["movements of stock"] = sizes.of(catalog.states[MOVEMENTS])
    census["inboxes"] = sizes.of([orders.inbox, catalog.inbox])
    views = platform.views_database.views
    census["views of orders"] = sizes.of([views.read(ORDER_VIEWS, key) for key in orders.histories])
    replies = await _records(platform, COMMAND_REPLIES)
    census["outcomes"] = sizes.of(
        [views.read(OPERATION_VIEWS, (reply.key or b"").decode()) for reply in replies]
    )
    census["lists of views"] = sizes.of(views)
    return census


async def _records(platform: Platform, topic: str) -> list[Record]:
    offsets = await platform.broker.offsets(topic)
    return [
        record
        for partition, (start, end) in offsets.items()
        for record in await platform.broker.read(topic, partition, start=start, limit=end + 1)
    ]


def main() -> None:
    """Measure and print."""
    configure_logging(log_format="console", level="error")
    what, orders = sys.argv[1], int(sys.argv[2])
    done = run(_growth(orders) if what == "growth" else _stores(orders))
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
