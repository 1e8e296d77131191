"""How soon an order that was sent is told of, as an independent consumer sees it."""

import asyncio
from time import perf_counter
from typing import Final

from tests.bench.commands import signed_orders
from tests.bench.deployed import deployed, signing_key
from tests.bench.kafka_log import KafkaLog, Watcher
from tests.bench.load import Report, report
from tests.bench.pacing import at_pace
from tests.bench.rounds import Ratio
from tests.bench.table import Goal, Row

from tradex_core.events.topics import ORDER_CREATED
from tradex_core.messaging.broker import Message

_PER_SECOND: Final = 50
_WARM_UP_SECONDS: Final = 2
_PATIENCE_SECONDS: Final = 30
_P50_MS: Final = 8.3
_P99_MS: Final = 17.0
_ORIGINAL: Final = (
    "the original's own stack (NestJS, kafkajs, TypeORM on the same servers), measured before on a "
    "machine of this kind: {} ms"
)


def measure(*, rounds: int, seconds: int) -> list[Row]:
    """Send orders at a steady pace, to an orders service that is alone with its servers."""
    reports = asyncio.run(_measured(rounds, seconds))
    what = f"CREATE_ORDER sent to order.created seen, {_PER_SECOND} orders a second"
    return [
        Row(
            name="order-created-p50",
            label="sent to order.created",
            what=f"{what}: the median",
            against=_ORIGINAL.format(f"{_P50_MS:g}"),
            goal=Goal(_P50_MS, unit="ms"),
            got=Ratio.of((each.p50_ms, 1.0) for each in reports),
        ),
        Row(
            name="order-created-p99",
            label="sent to order.created, p99",
            what="the same: what 99 of 100 take at most",
            against=_ORIGINAL.format(f"{_P99_MS:g}"),
            goal=Goal(_P99_MS, unit="ms"),
            got=Ratio.of((each.p99_ms, 1.0) for each in reports),
        ),
    ]


async def _measured(rounds: int, seconds: int) -> list[Report]:
    async with deployed({"orders": 1}) as stack:
        log, key = KafkaLog(stack.kafka_address, linger_ms=0), signing_key(stack)
        reports = []
        for number in range(rounds + 1):
            warming_up = number == 0
            count = _PER_SECOND * (_WARM_UP_SECONDS if warming_up else seconds)
            orders = await signed_orders(count, key=key)
            found = await asyncio.to_thread(_one_round, log, orders)
            if not warming_up:
                reports.append(found)
        return reports


def _one_round(log: KafkaLog, orders: list[Message]) -> Report:
    sent: dict[bytes, float] = {}
    with Watcher(log, ORDER_CREATED) as watcher:
        for number in at_pace(_PER_SECOND, len(orders)):
            order = orders[number]
            sent[order.key or b""] = perf_counter()
            log.send(order)
        watcher.wait_for(list(sent), patience=_PATIENCE_SECONDS)
    latencies = [watcher.seen[key] - at for key, at in sent.items()]
    return report(latencies, len(orders) / _PER_SECOND, wrong=0)
