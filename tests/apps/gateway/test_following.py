"""The gateway hears of outcomes from the end of a topic, and says so when it hears no more."""

import httpx
from tests.apps.gateway.world import BUYER, Service, World, until
from tests.builders.views import an_order_view

from tradex_core.events.order import OrderStatus
from tradex_core.events.topics import COMMAND_REPLIES
from tradex_core.messaging.broker import Message


async def test_a_reply_that_cannot_be_read_is_passed_over(
    running: World, service: Service, buyer: httpx.AsyncClient
) -> None:
    view = an_order_view(1, OrderStatus.CANCELLED, buyer=BUYER.user_id)
    running.show(view)
    service.answers("CANCEL_ORDER", view.document())
    await running.broker.publish([Message(COMMAND_REPLIES, b"key", b"no JSON")])
    await running.broker.publish([Message(COMMAND_REPLIES, b"key", None)])

    path = f"/v1/orders/{view.order_id}/cancel"
    answer = await buyer.post(path, headers={"prefer": "wait=5"})
    assert answer.status_code == 200


async def test_that_nothing_is_heard_any_more_is_told_to_who_can_end_the_process(
    running: World, anyone: httpx.AsyncClient
) -> None:
    await running.broker.close()
    await until(lambda: bool(running.failures))

    [failure] = running.failures
    assert "follower" in str(failure)
    assert (await anyone.get("/health/ready")).status_code == 503


async def test_a_gateway_that_stops_in_peace_tells_of_no_failure(world: World) -> None:
    async with world.running():
        pass
    assert world.failures == []
