"""What operators see, looked at once for all tests, and what checks Prometheus's files."""

import asyncio
from pathlib import Path

import pytest
from tests.images.tools import missing
from tests.services.observability.observed import Seen, look
from tests.services.servers.jaeger import fetch_jaeger
from tests.services.servers.process import Unavailable
from tests.services.servers.prometheus import installed
from tests.services.servers.server import temporary_folder


@pytest.fixture(scope="session")
def seen() -> Seen:
    """What was seen of the platform while it worked and when it was broken."""
    try:
        with temporary_folder() as folder:
            return asyncio.run(look(folder))
    except Unavailable as error:
        missing(str(error))


@pytest.fixture(scope="session")
def jaeger() -> Path:
    """The program of Jaeger, which is an OpenTelemetry collector too."""
    try:
        return asyncio.run(fetch_jaeger())
    except Unavailable as error:
        missing(str(error))


@pytest.fixture(scope="session")
def promtool() -> str:
    """What checks the files of Prometheus."""
    try:
        return installed("promtool")
    except Unavailable as error:
        missing(str(error))
