"""Rest: everything that was begun is over."""

import asyncio
from typing import Final

from tests.simulation.world import SERVICES, World

from tradex_core.events.order import OrderStatus
from tradex_core.orders.ports import ORDERS

_LONGEST: Final = 60.0
_LOOK_AGAIN: Final = 0.25


async def come_to_rest(world: World) -> list[str]:
    """Wait until nothing is under way; return what still is after a minute without faults."""
    deadline = world.loop.time() + _LONGEST
    while unrest := await _unrest(world):
        if world.loop.time() > deadline:
            return [f"no rest after {_LONGEST:.0f} s: {each}" for each in unrest]
        await asyncio.sleep(_LOOK_AGAIN)
    return []


async def _unrest(world: World) -> list[str]:
    found = []
    if world.wire.in_flight:
        found.append("messages are in flight")
    for name in SERVICES:
        database = world.databases[name]
        if len(database.outbox):
            found.append(f"{name}'s outbox holds {len(database.outbox)}")
        if len(database.parking):
            found.append(f"{name} has parked {len(database.parking)}")
        lag = await lag_of(world, name)
        if lag:
            found.append(f"{name} is {lag} behind")
    found += [f"{slot.name} does not run" for slot in world.slots.values() if slot.process is None]
    pending = [
        order
        for order in world.databases["orders"].states[ORDERS].values()
        if order.status is OrderStatus.PENDING
    ]
    if pending:
        found.append(f"{len(pending)} orders are pending")
    return found


async def lag_of(world: World, group: str) -> int:
    """Return how many records a group has yet to commit."""
    behind = 0
    committed = await world.broker.committed(group)
    for topic in world.topics_of[group]:
        for partition, (start, end) in (await world.broker.offsets(topic)).items():
            behind += end - max(start, committed.get((topic, partition), 0))
    return behind
