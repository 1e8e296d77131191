"""One stack for all that strangers do to it, and a seller's product on it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any
from uuid import uuid4

import pytest
from tests.services.faults.campaign import SETTINGS
from tests.services.faults.clients import Client, Seller
from tests.services.faults.history import History
from tests.services.servers.server import temporary_folder
from tests.services.stack import Stack


@pytest.fixture(scope="package")
def stack() -> Iterator[Stack]:
    with temporary_folder() as folder:
        made = Stack(folder, settings=SETTINGS)
        asyncio.run(made.__aenter__())
        yield made
        asyncio.run(made.__aexit__(None, None, None))


@asynccontextmanager
async def a_client(stack: Stack, kind: type[Client], role: str) -> AsyncIterator[Client]:
    client = kind(f"{role}-{uuid4().hex[:8]}", [stack.gateways[0].url], History(), Random(1))
    await client.sign_up(role)
    yield client
    await client.close()


@pytest.fixture
async def product(stack: Stack) -> dict[str, Any]:
    async with a_client(stack, Seller, "seller") as seller:
        assert isinstance(seller, Seller)
        [made] = await seller.open_shop(1, 20)
        return made
