"""Faults that come by the hour and not by the call: stops, pauses, rebalances, clocks that jump."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from tests.simulation.plan import Fault
from tests.simulation.process import Process
from tests.simulation.world import PENDING_TIMEOUT, World

from tradex_core.events.order import OrderStatus
from tradex_core.orders.ports import ORDERS

_TICK: Final = 0.1
_LONGEST_PAUSE: Final = 3.0
_LONGEST_VISIT: Final = 0.8
_LONGEST_JUMP: Final = 3.0
_BACK: Final = 0.2
"""Of a step, this much is taken back: one in five goes backwards."""
_LONGEST_STOP: Final = 6.0
_DARK_FROM: Final = 4.0
_GRACE: Final = 3.0
"""For a sweep to come round, on a clock that is behind."""


class Meddler:
    """Goes round and makes trouble until it is told to stop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.plan.stream("meddler")
        self._is_dark = False

    async def run(self) -> None:
        """Make trouble."""
        world = self._world
        if world.plan.dark is not None:
            world.loop.call_later(self._chance.random() * _DARK_FROM, self._shut_off)
        while True:
            await asyncio.sleep(_TICK)
            for slot in world.slots.values():
                if slot.process is not None and not slot.process.is_frozen:
                    self._meddle(slot.process)

    async def calm(self) -> list[str]:
        """Let nothing go wrong from now on; return what did not hold meanwhile.

        An app that was shut off stays so for a while: the others go on without it.
        """
        world = self._world
        world.trace("the world", "calms down")
        world.faults.active = False
        for server in world.servers.values():
            server.away_until = 0.0
        for slot in world.slots.values():
            slot.clock.ahead = world.skew() + world.clock.ahead
            if slot.process is not None and slot.process.is_stopping:
                slot.process.die("is stopped")
            elif slot.process is not None:
                slot.process.thaw()
            if slot.app != world.plan.dark or not self._is_dark:
                slot.is_wanted = True
                slot.start()
        return await self._sit_in_the_dark() if self._is_dark else []

    def _shut_off(self) -> None:
        world = self._world
        if not world.faults.active:
            return
        self._is_dark = True
        for slot in world.slots.values():
            if slot.app == world.plan.dark:
                slot.stop()

    async def _sit_in_the_dark(self) -> list[str]:
        world = self._world
        await asyncio.sleep(PENDING_TIMEOUT.total_seconds() + _GRACE)
        overdue = list(_overdue(world)) if world.plan.dark == "catalog" else []
        self._is_dark = False
        for slot in world.slots.values():
            if slot.app == world.plan.dark:
                slot.is_wanted = True
                slot.start()
        return overdue

    def _meddle(self, process: Process) -> None:
        faults = self._world.faults
        for kind, act in (
            (Fault.PAUSE, self._pause),
            (Fault.REBALANCE, self._rebalance),
            (Fault.JUMP, self._jump),
            (Fault.RESTART, self._restart),
        ):
            if faults.happens(kind):
                act(process)

    def _pause(self, process: Process) -> None:
        world, length = self._world, self._chance.random() * _LONGEST_PAUSE
        process.freeze()
        world.trace(process.name, "stands still for {:.2f} s", length)
        if self._chance.random() < 0.5:
            world.loop.call_later(length / 2, process.lose_everything)
        world.loop.call_later(length, process.thaw)

    def _rebalance(self, process: Process) -> None:
        if process.app == "gateway":
            return
        if self._chance.random() < 0.3:
            self._world.trace(process.name, "is thrown out of its group")
            process.lose_everything()
        else:
            self._world.loop.create_task(self._visit(process.app))

    async def _visit(self, group: str) -> None:
        """Join a group for a while and handle nothing of what is fetched."""
        world = self._world
        world.trace("a visitor", "joins the group {}", group)
        visitor = await world.broker.subscribe(group, world.topics_of[group])
        await asyncio.sleep(self._chance.random() * _LONGEST_VISIT)
        await visitor.close()
        world.trace("a visitor", "leaves the group {}", group)

    def _jump(self, process: Process) -> None:
        jump = timedelta(seconds=(self._chance.random() - _BACK) * _LONGEST_JUMP)
        process.clock.ahead += jump
        self._world.trace(process.name, "has its clock step by {:.2f} s", jump.total_seconds())

    def _restart(self, process: Process) -> None:
        if process.stop_gently is None or process.is_stopping:
            return
        self._world.trace(process.name, "is told to stop")
        process.is_stopping = True
        process.run(process.stop_gently())
        self._world.loop.call_later(_LONGEST_STOP, self._require_stopped, process)

    def _require_stopped(self, process: Process) -> None:
        if process.alive and not process.is_frozen and self._world.faults.active:
            self._world.surprise(f"{process.name} does not stop")


def _overdue(world: World) -> Iterator[str]:
    """Orders that had to be cancelled by now, since nobody answers them."""
    latest = world.clock.now() - PENDING_TIMEOUT - timedelta(seconds=_GRACE / 2)
    for order in world.databases["orders"].states[ORDERS].values():
        if order.status is OrderStatus.PENDING and order.created_at < latest:
            yield f"timeouts: order {order.order_id} heard nothing for too long and is pending"
