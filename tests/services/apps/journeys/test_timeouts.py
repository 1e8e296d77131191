"""The journey of tests/journeys/test_timeouts.py on real servers."""

import pytest
from tests.journeys.test_timeouts import (
    test_an_order_that_hears_nothing_is_cancelled_and_holds_nothing,
)

__all__ = ["test_an_order_that_hears_nothing_is_cancelled_and_holds_nothing"]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    return environment | {"TRADEX_PENDING_TIMEOUT": "1s"}
