"""The platform in memory, and a real nginx in front of it."""

import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.edge.nginx import Nginx, make_secrets
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People
from tests.services.servers.process import Unavailable

from apps.platform.platform import Platform
from apps.runtime.setting_values import networks
from apps.runtime.settings import Settings


@pytest.fixture(scope="session")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_secrets(tmp_path_factory.mktemp("edge"))


@pytest.fixture
def trusting(secrets: Path) -> ssl.SSLContext:
    """What a client needs that trusts the certificate."""
    return ssl.create_default_context(cafile=secrets / "tls_certificate")


@pytest.fixture
def settings() -> Settings:
    return embedded_settings(trusted_proxies=networks("127.0.0.1"), register_rate_limit=2)


@pytest.fixture
async def platform(settings: Settings) -> AsyncIterator[Platform]:
    async with Platform.build(settings) as running:
        yield running


@pytest.fixture
async def edge(platform: Platform, tmp_path: Path, secrets: Path) -> AsyncIterator[Nginx]:
    async with nginx_before(platform.url, tmp_path, secrets) as running:
        yield running


def nginx_before(gateway: str, folder: Path, secrets: Path) -> Nginx:
    """Return an nginx; skips where it is not installed, and fails where everything must be had."""
    try:
        return Nginx(folder, gateway=gateway, secrets=secrets)
    except Unavailable as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


@pytest.fixture
async def browser(edge: Nginx, trusting: ssl.SSLContext) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=edge.url, verify=trusting, timeout=40) as client:
        yield client


@pytest.fixture
async def people(
    platform: Platform, edge: Nginx, trusting: ssl.SSLContext
) -> AsyncIterator[People]:
    url = f"{edge.url}/v1"
    async with httpx.AsyncClient(base_url=url, verify=trusting, timeout=40) as api:
        yield People(platform, api)
