"""The whole platform with its production wiring, and people who use it over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
from tests.journeys.people import People

from apps.platform.platform import Platform
from apps.runtime.settings import NO_LIMITS, Settings


def embedded_settings(**overrides: object) -> Settings:
    """Return settings for a platform of a test's own: a free port, quick hashing, no limit."""
    defaults: dict[str, object] = {
        **NO_LIMITS,
        "http_port": 0,
        "argon2": "owasp-minimum",
        "pending_timeout": timedelta(seconds=60),
    }
    return Settings.embedded(**(defaults | overrides))


@pytest.fixture
def settings() -> Settings:
    """The settings of the platform; a test module may override them."""
    return embedded_settings()


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    """A running platform of the test's own."""
    async with Platform.build(settings) as running:
        yield running


@pytest.fixture
async def api(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the gateway's API."""
    async with httpx.AsyncClient(base_url=f"{platform.url}/v1", timeout=40) as client:
        yield client


@pytest.fixture
async def people(platform: Platform, api: httpx.AsyncClient) -> People:
    """Makes people who are signed in."""
    return People(platform, api)
