"""One run: the day of a marketplace on which everything goes wrong, and the quiet after it."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec
from tests.simulation.ageing import grow_old
from tests.simulation.attacker import Attacker
from tests.simulation.attacks import CLIENT_TOPIC
from tests.simulation.booting import boot
from tests.simulation.checker import judge
from tests.simulation.evidence import Evidence
from tests.simulation.history import History
from tests.simulation.logs import kept_in
from tests.simulation.meddling import Meddler
from tests.simulation.network import Network
from tests.simulation.operating import Operators
from tests.simulation.plan import Plan
from tests.simulation.rebuilding import rebuilt_views
from tests.simulation.rest import come_to_rest
from tests.simulation.restoring import restored
from tests.simulation.shoppers import Buyer, Market, Seller
from tests.simulation.unreal import nothing_real
from tests.simulation.world import World

from tradex_core.events import topics

_CHAOS_SECONDS: Final = 8.0
_SECOND_CHAOS_SECONDS: Final = 3.0
_REBUILT_EVERY: Final = 3


class Result(msgspec.Struct):
    """What a run came to: `violations` are what should not be; `story` tells all of it.

    `drawn` counts the faults with those that the plan spared; `names` has short names for ids.
    """

    plan: Plan
    violations: list[str]
    faults: int
    drawn: int
    seconds: float
    story: Callable[[], list[str]]
    names: Callable[[], dict[str, str]]


def simulate(plan: Plan) -> Result:
    """Run a plan to its end and judge what it left behind."""
    world = World(plan, boot)
    day = _Day(world)
    collecting = gc.isenabled()
    gc.disable()
    try:
        with kept_in(world.logged), nothing_real():
            violations = world.loop.run_until_complete(day.pass_by())
    except AssertionError as error:
        violations = [f"the simulation itself stopped: {error!r}"]
    finally:
        for app in plan.replicas:
            for process in world.running(app):
                process.die("the run is over")
        world.loop.close()
        if collecting:
            gc.enable()
    return Result(
        plan=plan,
        violations=violations,
        faults=world.faults.count,
        drawn=world.faults.drawn,
        seconds=world.loop.time(),
        story=world.trace.lines,
        names=day.names,
    )


class _Day:
    def __init__(self, world: World) -> None:
        self._world = world
        self._network = Network(world)
        self._history = History()
        self._market = Market()
        self._meddler = Meddler(world)
        self._operators = Operators(world)

    def names(self) -> dict[str, str]:
        """Return short names for the ids of this day."""
        users = {client.user_id: client.name for client in self._world.clients if client.user_id}
        return {**self._history.names(), **users}

    async def pass_by(self) -> list[str]:
        """Let it happen, and return what was not as it must be."""
        world, plan = self._world, self._world.plan
        await world.broker.apply([*topics.all_topics(), topics.Topic(CLIENT_TOPIC.decode())])
        for slot in world.slots.values():
            world.loop.call_later(world.chance.random() * 0.2, slot.start)
        sellers, buyers = self._sellers(), self._buyers()
        attacker = Attacker(world, self._network)
        busy = [seller.run(products=plan.products, steps=plan.steps) for seller in sellers]
        busy += [buyer.run(steps=plan.steps) for buyer in buyers]
        busy += [attacker.run(plan.attacks), self._operators.run(plan.decisions)]
        violations = await self._chaos(busy, _CHAOS_SECONDS)
        violations += await self._calm(since=0)
        if plan.ages and not violations:
            done = len(self._history.deeds)
            grow_old(world)
            world.faults.active = True
            again = [buyer.come_again(steps=2) for buyer in buyers if buyer.user_id]
            violations += await self._chaos(again, _SECOND_CHAOS_SECONDS)
            violations += await self._calm(since=done)
        evidence = Evidence(world, self._history)
        if plan.seed % _REBUILT_EVERY == 0:
            evidence.rebuilt = await rebuilt_views(world)
        if plan.seed % _REBUILT_EVERY == 1 and not plan.ages:
            evidence.restored = await restored(world)
        return violations + judge(evidence)

    async def _chaos(self, busy: list[Coroutine[Any, Any, None]], seconds: float) -> list[str]:
        tasks = [asyncio.create_task(each) for each in busy]
        meddling = asyncio.create_task(self._meddler.run())
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)
        meddling.cancel()
        violations = await self._meddler.calm()
        await asyncio.gather(*tasks)
        return violations

    async def _calm(self, *, since: int) -> list[str]:
        violations = await come_to_rest(self._world)
        violations += await self._operators.clear_up()
        await self._look_again(since)
        return violations + await come_to_rest(self._world)

    async def _look_again(self, since: int) -> None:
        """Let every client ask once more about all that it began, and was not told of."""
        world, history = self._world, self._history
        for client in world.clients:
            if not client.user_id:
                continue
            if not await client.log_in():
                world.surprise(f"{client.name} cannot log in any more")
            for deed in [d for d in history.deeds[since:] if d.client == client.name]:
                if deed.kind == "register":
                    continue
                if deed.key is not None and not deed.operation_ids and deed.open_attempts:
                    await client.attempt(deed)
                for operation_id in deed.operation_ids:
                    if await client.look_at_operation(operation_id, patient=True) is None:
                        world.surprise(f"{client.name} is not shown operation {operation_id}")

    def _sellers(self) -> list[Seller]:
        plan = self._world.plan
        names = [f"seller-{number}" for number in range(1, plan.sellers + 1)]
        return [Seller(name, **self._at) for name in names if name not in plan.without]

    def _buyers(self) -> list[Buyer]:
        plan = self._world.plan
        names = [f"buyer-{number}" for number in range(1, plan.buyers + 1)]
        return [Buyer(name, **self._at) for name in names if name not in plan.without]

    @property
    def _at(self) -> dict[str, Any]:
        return {
            "market": self._market,
            "world": self._world,
            "network": self._network,
            "history": self._history,
        }
