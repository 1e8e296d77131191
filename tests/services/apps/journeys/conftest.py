"""The journeys' platform, which runs on Kafka, PostgreSQL and MongoDB instead of in memory."""

import pytest
from tests.journeys.conftest import api, people, platform

from apps.runtime.requirements import for_platform
from apps.runtime.settings import Settings

__all__ = ["api", "people", "platform"]


@pytest.fixture
def settings(environment: dict[str, str]) -> Settings:
    """The settings of a platform on real servers; nothing else about it is different."""
    return Settings.load(environment, None, check=for_platform)
