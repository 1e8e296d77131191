"""What one gateway accepted, another one, or the same after a restart, knows too."""

import httpx
from tests.apps.gateway.world import BUYER, World

ORDER = {"items": [{"productId": "65a50000aaaaaaaaaaaaaaaa", "quantity": 2, "price": 18.00}]}
KEY = {"Idempotency-Key": "one-order"}


async def test_a_key_means_the_same_operation_to_every_replica(
    running: World, buyer: httpx.AsyncClient
) -> None:
    accepted = await buyer.post("/v1/orders", json=ORDER, headers=KEY)
    async with running.client(BUYER, container=running.new_container()) as elsewhere:
        again = await elsewhere.post("/v1/orders", json=ORDER, headers=KEY)
        other_body = await elsewhere.post("/v1/orders", json=ORDER | {"items": []}, headers=KEY)
    assert (202, 202) == (accepted.status_code, again.status_code)
    assert accepted.json() == again.json()
    assert "true" == again.headers["idempotent-replayed"]
    assert 400 == other_body.status_code
    published = await running.commands()
    assert 1 == len({command.envelope.id for command in published})
    assert 1 == len({str(command.data) for command in published})


async def test_an_operation_is_known_to_every_replica_and_to_its_owner_only(
    running: World, buyer: httpx.AsyncClient, other_buyer: httpx.AsyncClient
) -> None:
    location = (await buyer.post("/v1/orders", json=ORDER)).headers["location"]
    async with running.client(BUYER, container=running.new_container()) as elsewhere:
        shown = (await elsewhere.get(location)).json()
    assert ("CREATE_ORDER", "pending") == (shown["command"], shown["status"])
    assert 404 == (await other_buyer.get(location)).status_code
