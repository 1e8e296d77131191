"""Faults that come by the hour and not by the call: stops, pauses, rebalances, clocks that jump."""

import asyncio
from datetime import timedelta
from typing import Final

from tests.simulation.plan import Fault
from tests.simulation.process import Process
from tests.simulation.world import World

_TICK: Final = 0.1
_LONGEST_PAUSE: Final = 3.0
_LONGEST_VISIT: Final = 0.8
_LONGEST_JUMP: Final = 3.0
_DARK_SECONDS: Final = 8.0


class Meddler:
    """Goes round and makes trouble until it is told to stop."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.plan.stream("meddler")

    async def run(self) -> None:
        """Make trouble."""
        while True:
            await asyncio.sleep(_TICK)
            for slot in self._world.slots.values():
                if slot.process is not None and not slot.process.is_frozen:
                    self._meddle(slot.process)

    async def calm(self) -> list[str]:
        """Let nothing go wrong from now on; return what did not hold meanwhile."""
        world = self._world
        world.faults.active = False
        for server in world.servers.values():
            server.away_until = 0.0
        for slot in world.slots.values():
            slot.is_wanted = True
            if slot.process is not None:
                slot.process.thaw()
            slot.start()
        return []

    def _meddle(self, process: Process) -> None:
        faults, chance = self._world.faults, self._chance
        for kind, act in (
            (Fault.PAUSE, self._pause),
            (Fault.REBALANCE, self._rebalance),
            (Fault.JUMP, self._jump),
        ):
            if faults.enabled(kind) and chance.random() < 0.1 and faults.happens(kind):
                act(process)

    def _pause(self, process: Process) -> None:
        world, length = self._world, self._chance.random() * _LONGEST_PAUSE
        process.freeze()
        world.trace(process.name, "stands still for {:.2f} s", length)
        if self._chance.random() < 0.5:  # noqa: PLR2004 - others may or may not notice
            world.loop.call_later(length / 2, process.lose_everything)
        world.loop.call_later(length, process.thaw)

    def _rebalance(self, process: Process) -> None:
        if process.app == "gateway":
            return
        if self._chance.random() < 0.3:  # noqa: PLR2004 - thrown out, or crowded
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
        jump = timedelta(seconds=self._chance.random() * _LONGEST_JUMP)
        process.clock.ahead += jump
        self._world.trace(process.name, "has its clock step forward by {}", jump)
