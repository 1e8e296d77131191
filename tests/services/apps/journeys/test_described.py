"""The journeys of tests/journeys/test_described.py on real servers."""

from tests.journeys.test_described import *  # noqa: F403 - its tests
