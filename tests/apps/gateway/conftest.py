"""A running gateway, its clients, and the service behind it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import httpx
import pytest
from tests.apps.gateway.world import ADMIN, BUYER, OTHER_BUYER, OTHER_SELLER, SELLER, Service, World


@pytest.fixture
def world() -> World:
    """A gateway with the default settings; a test module may override it."""
    return World()


@pytest.fixture
async def running(world: World) -> AsyncIterator[World]:
    """The gateway while it runs."""
    async with world.running():
        yield world


@pytest.fixture
async def service(running: World) -> AsyncIterator[Service]:
    """What handles the commands."""
    service = Service(running)
    task = asyncio.create_task(service.run())
    await asyncio.sleep(0)
    yield service
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


@pytest.fixture
async def anyone(running: World) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who is not signed in."""
    async with running.client() as client:
        yield client


@pytest.fixture
async def buyer(running: World) -> AsyncIterator[httpx.AsyncClient]:
    """A buyer."""
    async with running.client(BUYER) as client:
        yield client


@pytest.fixture
async def other_buyer(running: World) -> AsyncIterator[httpx.AsyncClient]:
    """Another buyer."""
    async with running.client(OTHER_BUYER) as client:
        yield client


@pytest.fixture
async def seller(running: World) -> AsyncIterator[httpx.AsyncClient]:
    """A seller."""
    async with running.client(SELLER) as client:
        yield client


@pytest.fixture
async def other_seller(running: World) -> AsyncIterator[httpx.AsyncClient]:
    """Another seller."""
    async with running.client(OTHER_SELLER) as client:
        yield client


@pytest.fixture
async def admin(running: World) -> AsyncIterator[httpx.AsyncClient]:
    """An admin."""
    async with running.client(ADMIN) as client:
        yield client
