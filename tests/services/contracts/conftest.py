"""Databases with each service's tables, as its migrations make them."""

from collections.abc import Iterator

import pytest
from tests.services.migrated import Migrated


@pytest.fixture(scope="session")
def migrated(postgres_server: str) -> Iterator[Migrated]:
    migrated = Migrated(postgres_server)
    yield migrated
    migrated.drop()


@pytest.fixture
async def auth_url(migrated: Migrated) -> str:
    return await migrated.empty("auth")


@pytest.fixture
async def orders_url(migrated: Migrated) -> str:
    return await migrated.empty("orders")


@pytest.fixture
async def gateway_url(migrated: Migrated) -> str:
    return await migrated.empty("gateway")
