"""Databases with each service's tables, as its migrations make them."""

import pytest

from adapters.postgres import migrate


@pytest.fixture
async def auth_url(postgres_url: str) -> str:
    await migrate.upgrade(postgres_url, "auth")
    return postgres_url


@pytest.fixture
async def orders_url(postgres_url: str) -> str:
    await migrate.upgrade(postgres_url, "orders")
    return postgres_url


@pytest.fixture
async def gateway_url(postgres_url: str) -> str:
    await migrate.upgrade(postgres_url, "gateway")
    return postgres_url
