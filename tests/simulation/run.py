"""One run: the day of a marketplace on which everything goes wrong, and the quiet after it."""

import asyncio
import gc
from collections.abc import Callable
from typing import Final

import msgspec

from tests.simulation import operating
from tests.simulation.booting import boot
from tests.simulation.checker import judge
from tests.simulation.evidence import Evidence
from tests.simulation.history import History
from tests.simulation.logs import kept_in
from tests.simulation.meddling import Meddler
from tests.simulation.network import Network
from tests.simulation.plan import Plan
from tests.simulation.rest import come_to_rest
from tests.simulation.shoppers import Buyer, Market, Seller
from tests.simulation.world import World
from tradex_core.events import topics

_CHAOS_SECONDS: Final = 9.0


class Result(msgspec.Struct):
    """What a run came to: `violations` are what should not be."""

    plan: Plan
    violations: list[str]
    faults: int
    seconds: float
    story: Callable[[], list[str]]


def simulate(plan: Plan) -> Result:
    """Run a plan to its end and judge what it left behind."""
    world = World(plan, boot)
    loop = world.loop
    collecting = gc.isenabled()
    gc.disable()
    try:
        with kept_in(world.logged):
            violations = loop.run_until_complete(_play(world))
    except AssertionError as error:
        violations = [f"the simulation itself stopped: {error}"]
    finally:
        for process in [p for app in world.plan.replicas for p in world.running(app)]:
            process.die("the run is over")
        loop.close()
        if collecting:
            gc.enable()
    return Result(plan, violations, world.faults.count, loop.time(), world.trace.lines)


async def _play(world: World) -> list[str]:
    history, market, network = History(), Market(), Network(world)
    await world.broker.apply(topics.all_topics())
    for slot in world.slots.values():
        world.loop.call_later(world.chance.random() * 0.2, slot.start)
    shoppers = _shoppers(world, network, history, market)
    meddler = Meddler(world)
    tasks = [asyncio.create_task(shopper) for shopper in shoppers]
    meddling = asyncio.create_task(meddler.run())
    await asyncio.wait(tasks, timeout=_CHAOS_SECONDS)
    meddling.cancel()
    violations = await meddler.calm()
    await asyncio.wait(tasks)
    for task in tasks:
        task.result()
    violations += await come_to_rest(world)
    violations += await operating.decide(world)
    await _look_again(world, history)
    return violations + judge(Evidence(world, history))


async def _look_again(world: World, history: History) -> None:
    """Let every client ask once more about all that it began."""
    for client in world.clients:
        if not await client.log_in():
            world.surprise(f"{client.name} cannot log in any more")
        for deed in history.deeds:
            if deed.client != client.name or deed.kind == "register":
                continue
            if deed.key is not None and not deed.operation_ids and deed.open_attempts:
                await client.attempt(deed)
            for operation_id in deed.operation_ids:
                if await client.look_at_operation(operation_id) is None:
                    world.surprise(f"{client.name} is not shown operation {operation_id}")
    await come_to_rest(world)


def _shoppers(world: World, network: Network, history: History, market: Market) -> list[object]:
    plan, at = world.plan, {"world": world, "network": network, "history": history}
    sellers = [Seller(f"seller-{n}", market=market, **at) for n in range(1, plan.sellers + 1)]
    buyers = [Buyer(f"buyer-{n}", market=market, **at) for n in range(1, plan.buyers + 1)]
    return [
        *(s.run(products=plan.products, steps=plan.steps) for s in sellers if s.name not in plan.without),
        *(b.run(steps=plan.steps) for b in buyers if b.name not in plan.without),
    ]
