"""One stack for the runbooks that share one, and what an operator types into."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import pytest
from tests.services.faults.campaign import SETTINGS
from tests.services.faults.clients import Buyer, Seller
from tests.services.faults.history import History
from tests.services.runbooks.drill import Drill
from tests.services.runbooks.shop import Shop
from tests.services.servers.server import temporary_folder
from tests.services.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with temporary_folder() as folder:
        made = Stack(folder, settings=SETTINGS)
        asyncio.run(made.__aenter__())
        yield made
        asyncio.run(made.__aexit__(None, None, None))


@pytest.fixture
def drill(page: str, stack: Stack, tmp_path: Path) -> Iterator[Drill]:
    """The page that a test is about; all of it must have been typed at the end."""
    drill = Drill(page, stack, tmp_path)
    yield drill
    drill.end()


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[Shop]:
    """A seller with one product, and a buyer."""
    gateways, history = [stack.gateways[0].url], History()
    chance = Random()
    name = f"{chance.getrandbits(32):08x}"
    seller = Seller(f"seller-{name}", gateways, history, chance)
    buyer = Buyer(f"buyer-{name}", gateways, history, chance)
    await asyncio.gather(seller.sign_up("seller"), buyer.sign_up("buyer"))
    [product] = await seller.open_shop(1, 50)
    yield Shop(buyer, product)
    await asyncio.gather(seller.close(), buyer.close())
