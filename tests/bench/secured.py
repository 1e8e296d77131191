"""What TLS, users and ACLs in Kafka cost the orders service as it works off what waits there."""

import asyncio
from collections.abc import Sequence
from statistics import median
from typing import Final

from tests.bench.backlog import Drain, OrdersService
from tests.bench.deployed import deployed
from tests.bench.rounds import Ratio
from tests.bench.table import Goal, Row

_ONE: Final = {"orders": 1}

Round = tuple[Drain, Drain]
"""Secured, and then plain."""


def measure(*, rounds: int, orders: int) -> list[Row]:
    """Have orders placed by one process on either of two stacks, in turns."""
    done = asyncio.run(_measured(rounds, orders))
    return [
        Row(
            name="orders-secured",
            label="over TLS, with users",
            what=f"orders service, {orders:,} CREATE_ORDER waiting in Kafka, over TLS with "
            "SCRAM-SHA-512 and ACLs, one process: orders a second",
            against="the same without any of these, on servers of its own",
            goal=Goal(0.8, at_least=True),
            got=Ratio.of((secured.per_second, plain.per_second) for secured, plain in done),
            notes=tuple(
                f"{name} {median(drain.per_second for drain in drains):,.0f} orders a second, "
                f"cores kept busy: {drains[len(drains) // 2].cores}"
                for name, drains in zip(("secured", "plain"), zip(*done, strict=True), strict=True)
            ),
        )
    ]


async def _measured(rounds: int, orders: int) -> Sequence[Round]:
    async with deployed(_ONE, secured=True) as secured, deployed(_ONE) as plain:
        stacks = (secured, plain)
        services = [OrdersService(stack) for stack in stacks]
        for service in services:
            await service.prepare()
        done = []
        for _ in range(rounds):
            first, second = [
                await service.drain(stack.apps_of("orders"), orders)
                for service, stack in zip(services, stacks, strict=True)
            ]
            done.append((first, second))
        return done
