"""The journeys of tests/journeys/test_log.py on real servers."""

from tests.journeys.test_log import *  # noqa: F403 - its tests
