"""The journeys of tests/journeys/test_accounts.py on real servers."""

from tests.journeys.test_accounts import *  # noqa: F403 - its tests
