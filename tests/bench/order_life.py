"""What an order's life costs in memory, against the encoding and decoding of its messages alone.

`python -m tests.bench.order_life ROUNDS ORDERS` prints its rounds.
"""

import gc
import sys
from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

import msgspec
from tests.bench.processes import measured
from tests.bench.rounds import Ratio
from tests.bench.shop import open_shop
from tests.bench.table import Goal, Row

from apps.cli.event_loop import run
from apps.platform.platform import Platform
from apps.runtime.logging import configure_logging
from apps.runtime.settings import Settings
from tradex_core.events import codec, topics
from tradex_core.events.order import CreateOrder, OrderCreated, OrderUpdated
from tradex_core.events.reply import CommandReplied
from tradex_core.events.stock import StockReserved, StockUpdated
from tradex_core.messaging.broker import Record


class Ordering(msgspec.Struct, frozen=True):
    """A CREATE_ORDER as it lies in its topic."""

    command: str
    data: CreateOrder


_SHAPES: Final[dict[str, type[Any]]] = {
    topics.ORDER_COMMANDS: Ordering,
    topics.ORDER_CREATED: OrderCreated,
    topics.ORDER_UPDATED: OrderUpdated,
    topics.STOCK_UPDATED: StockUpdated,
    topics.STOCK_RESERVED: StockReserved,
    topics.COMMAND_REPLIES: CommandReplied,
}
"""What an order's life puts into which topic."""


class Round(msgspec.Struct, frozen=True):
    """Seconds for all orders of a round, and how many messages an order's life was.

    `codec` is to encode each message once, and to decode it once for each who decodes it; `untyped`
    the same by msgspec alone, without types, to and from dicts, lists and floats.
    """

    life: float
    codec: float
    untyped: float
    messages: float
    decodings: float


def measure(*, rounds: int, orders: int) -> list[Row]:
    """Place orders, wait until they are confirmed in the view, and do their messages alone."""
    done = measured(list[Round], "tests.bench.order_life", str(rounds), str(orders))
    untyped = Ratio.of((each.life, each.untyped) for each in done)
    note = (
        f"an order's life is {done[0].messages:.0f} messages, encoded once each and decoded "
        f"{done[0].decodings:.0f} times in all, by the services, the projector and the gateway; "
        "the rest is what makes them safe: ids, signatures, headers, inbox, "
        "outbox, offsets, the use cases and the views"
    )
    alone = (
        f"against msgspec alone, with dicts and floats instead of types and exact amounts: "
        f"{untyped.median:.1f}x"
    )
    return [
        Row(
            name="order-life",
            label="an order's life",
            what="an order's life in memory, from command to confirmed in the view",
            against="encoding and decoding the same messages",
            goal=Goal(25),
            got=Ratio.of((each.life, each.codec) for each in done),
            notes=(note, alone),
        )
    ]


async def _rounds(rounds: int, orders: int) -> list[Round]:
    return [await _round(orders) for _ in range(rounds)]


async def _round(orders: int) -> Round:
    async with Platform.build(Settings.embedded(http_port=0)) as platform:
        shop = await open_shop(platform)
        ends = await _ends(platform)
        _settle_the_collector()
        began = perf_counter()
        await shop.order(orders)
        await platform.quiet(600)
        life = perf_counter() - began
        await shop.settled()
        records = [
            record
            for (topic, partition), end in ends.items()
            for record in await platform.broker.read(
                topic, partition, start=end, limit=sys.maxsize - end
            )
        ]
        return _compared(records, _readers(platform), life=life, orders=orders)


async def _ends(platform: Platform) -> dict[tuple[str, int], int]:
    return {
        (topic, partition): end
        for topic in _SHAPES
        for partition, (_, end) in (await platform.broker.offsets(topic)).items()
    }


def _readers(platform: Platform) -> dict[str, int]:
    """Count who decodes the messages of each topic; the gateway decodes the replies it follows."""
    return {
        topic: sum(topic in service.consumer.topics for service in platform.services)
        + (topic == topics.COMMAND_REPLIES)
        for topic in _SHAPES
    }


def _compared(
    records: Sequence[Record], readers: dict[str, int], *, life: float, orders: int
) -> Round:
    values = [
        (record.value or b"", _SHAPES[record.topic], readers[record.topic]) for record in records
    ]
    typed = [codec.decode(value, shape) for value, shape, _ in values]
    untyped = [msgspec.json.decode(value) for value, _, _ in values]
    _settle_the_collector()
    began = perf_counter()
    for message in typed:
        codec.encode(message)
    for value, shape, times in values:
        for _ in range(times):
            codec.decode(value, shape)
    between = perf_counter()
    for message in untyped:
        msgspec.json.encode(message)
    for value, _, times in values:
        for _ in range(times):
            msgspec.json.decode(value)
    ended = perf_counter()
    return Round(
        life=life,
        codec=between - began,
        untyped=ended - between,
        messages=len(records) / orders,
        decodings=sum(times for _, _, times in values) / orders,
    )


def _settle_the_collector() -> None:
    """Leave to the collector what is made from now on, as in a platform that just started."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def main() -> None:
    """Run the rounds."""
    configure_logging(log_format="console", level="error")
    done = run(_rounds(int(sys.argv[1]), int(sys.argv[2])))
    sys.stdout.buffer.write(msgspec.json.encode(done))


if __name__ == "__main__":
    main()
