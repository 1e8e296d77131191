"""What it costs the gateway to await Kafka's acknowledgement of each command."""

import asyncio
from collections.abc import Sequence
from functools import partial
from statistics import median

from tests.bench.deployed import kafka_alone
from tests.bench.gateway_pace import CONNECTIONS, compared, under_load
from tests.bench.load import Report
from tests.bench.rounds import in_turns
from tests.bench.table import Goal, Row


def measure(*, rounds: int, seconds: float) -> list[Row]:
    """Load the gateway on the broker in memory and on a real one, in turns."""
    turns = asyncio.run(_measured(rounds, seconds))
    in_memory, on_kafka = zip(*turns, strict=True)
    return [
        Row(
            name="gateway-ack",
            label="gateway on Kafka",
            what=f"gateway, POST /v1/orders, {CONNECTIONS} connections, each command acknowledged "
            "by Kafka before its 202: requests a second",
            against="the gateway on the broker in memory",
            goal=Goal(0.9, at_least=True),
            got=compared(on_kafka, in_memory, "per_second"),
            notes=(
                f"{_pace(on_kafka)}; in memory {_pace(in_memory)}",
                "Kafka, the gateway and what loads it share the cores",
            ),
        )
    ]


async def _measured(rounds: int, seconds: float) -> list[Sequence[Report]]:
    async with kafka_alone() as kafka:
        sides = (("gateway",), ("gateway-on-kafka", kafka.address))
        loads = [partial(under_load, seconds, *side) for side in sides]
        return await asyncio.to_thread(in_turns, rounds, *loads)


def _pace(reports: Sequence[Report]) -> str:
    paces, tails = [each.per_second for each in reports], [each.p99_ms for each in reports]
    return f"{median(paces):,.0f} requests a second, p99 {median(tails):.0f} ms (medians)"
