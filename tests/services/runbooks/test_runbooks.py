"""Each runbook, typed as it stands while what it is about has happened, mends it."""

import asyncio
import json

import pytest
from tests.docs.elsewhere import DRILLS
from tests.services.conftest import execute
from tests.services.runbooks.drill import Drill
from tests.services.runbooks.shop import Shop
from tests.services.stack import Stack
from tests.services.strangers.kcat import produce

from tradex_core.events import topics

SHIP_IN_THE_VIEW_ALONE = """
UPDATE order_view SET view = jsonb_set(view::jsonb, '{timeline,-1,status}', '"shipped"')::json
"""


async def letters(stack: Stack) -> list[str]:
    """Wait until something lies in the dead letters; return the ids."""
    async with asyncio.timeout(30):
        found: list[dict[str, str]] = []
        while not found:
            found = json.loads(await stack.tradex("dead-letters", "list", "--json"))
    return [letter["id"] for letter in found]


async def send_garbage(stack: Stack) -> str:
    """Write a command that nobody knows, as a newer release or a stranger may; return its id."""
    value = b'{"command": "WRAP_ORDER", "data": {}}'
    await produce(stack.kafka_address, topics.ORDER_COMMANDS, value)
    [letter_id] = await letters(stack)
    return letter_id


@pytest.mark.parametrize("page", ["dead-letters"])
async def test_dead_letters(drill: Drill, stack: Stack) -> None:
    letter_id = await send_garbage(stack)
    await drill.type("tradex dead-letters list")
    assert "WRAP_ORDER" in await drill.type("tradex dead-letters show", ID=letter_id)
    await drill.type("tradex dead-letters redrive ID", ID=letter_id)
    [again] = await letters(stack)
    assert again != letter_id
    await drill.type("tradex dead-letters redrive --all")
    [last] = await letters(stack)
    await drill.type("tradex dead-letters discard", ID=last)
    await drill.type("tradex dead-letters list")


@pytest.mark.parametrize("page", ["stuck-order"])
async def test_a_stuck_order(drill: Drill, stack: Stack, shop: Shop) -> None:
    [catalog] = stack.apps_of("catalog")
    await catalog.stop()
    order_id = await shop.order()
    await shop.until(order_id, "pending")
    await drill.type("tradex lag")
    await drill.type("tradex dead-letters list")
    await drill.type("curl")
    await catalog.start()
    await shop.until(order_id, "confirmed")
    await drill.type("tradex orders verify")
    await drill.type("tradex stock verify")


@pytest.mark.parametrize("page", ["lag"])
async def test_lag(drill: Drill, stack: Stack, shop: Shop) -> None:
    [orders] = stack.apps_of("orders")
    await orders.stop()
    order_id = await shop.order()
    await drill.type("tradex lag")
    await drill.type("tradex lag --every-partition")
    await orders.start()
    await shop.until(order_id, "confirmed")


@pytest.mark.parametrize("page", ["views-in-doubt"])
async def test_views_in_doubt(drill: Drill, stack: Stack, shop: Shop) -> None:
    order_id = await shop.order()
    await shop.until(order_id, "confirmed")
    execute(stack.database("gateway"), SHIP_IN_THE_VIEW_ALONE)
    assert "shipped" == await shop.status(order_id)
    await drill.type("tradex lag")
    await drill.type("tradex views rebuild")
    assert "confirmed" == await shop.status(order_id)


@pytest.mark.parametrize("page", ["server-away"])
async def test_a_server_is_away(drill: Drill, stack: Stack, shop: Shop) -> None:
    [orders] = stack.apps_of("orders")
    await stack.postgres.stop()
    async with asyncio.timeout(30):
        while await orders.answers():  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.1)
    await drill.type("curl")
    await stack.postgres.start()
    for app in stack.apps.values():
        await app.ready()
    await shop.until(await shop.order(), "confirmed")
    await drill.type("curl")
    await drill.type("tradex lag")
    assert orders.process.is_running


async def test_kafka_is_away(stack: Stack, shop: Shop) -> None:
    order_id = await shop.order()
    await shop.until(order_id, "confirmed")
    await stack.kafka.stop()
    assert "confirmed" == await shop.status(order_id), "reading goes on"
    ordering = asyncio.create_task(shop.order())
    await stack.kafka.start()
    await shop.until(await ordering, "confirmed")


def test_every_page_is_drilled() -> None:
    marks = [
        mark
        for name, test in globals().items()
        if name.startswith("test_")
        for mark in getattr(test, "pytestmark", ())
    ]
    assert sorted(DRILLS) == sorted(["restore-a-backup", *(mark.args[1][0] for mark in marks)])
