"""The journeys of tests/journeys/test_answers.py on real servers."""

from tests.journeys.test_answers import *  # noqa: F403 - its tests
