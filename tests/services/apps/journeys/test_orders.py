"""The journeys of tests/journeys/test_orders.py on real servers."""

from tests.journeys.test_orders import *  # noqa: F403 - its tests
