"""What operators see of a running platform."""

import httpx
import pytest
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People

from apps.platform.platform import Platform
from apps.runtime.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return embedded_settings(metrics_port=0)


async def test_metrics_count_what_was_handled_on_a_port_of_their_own(
    platform: Platform, people: People
) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    await buyer.orders(await seller.sells(stock=1), 2)
    assert await platform.quiet(20)
    async with httpx.AsyncClient() as operator:
        text = (await operator.get(f"{platform.internal_url}/metrics")).text
        assert 404 == (await operator.get(f"{platform.url}/metrics")).status_code
    labels = 'consumer="orders",outcome="done",type="CREATE_ORDER"'
    assert f"tradex_messages_handled_total{{{labels}}} 1.0" in text
    assert 'tradex_outbox_messages{service="orders"} 0.0' in text
    assert 'tradex_parked_messages{service="projector"} 0.0' in text
