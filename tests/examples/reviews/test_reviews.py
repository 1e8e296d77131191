"""Reviews beside the whole platform: what was delivered is rated, and nothing else is."""

import httpx
from tests.builders.machines import until
from tests.builders.messages import signed
from tests.examples.reviews.container import reviews_database, reviews_service
from tests.examples.reviews.messages import TOPICS, ProductRated, RateProduct
from tests.examples.reviews.rating import RATINGS
from tests.journeys.conftest import embedded_settings
from tests.journeys.people import People, Person

from apps.platform.platform import Platform
from tradex_core.events.envelope import Actor
from tradex_core.events.user import Role
from tradex_core.views.ports import OPERATION_VIEWS


async def test_who_received_a_product_rates_it_once_and_the_average_shows() -> None:
    platform = Platform.build(embedded_settings(actor_signing_key=b"the key that all apps share"))
    parts, broker, views = platform.container, platform.broker, platform.views_database.views
    signatures, reviews = parts.signatures(), reviews_database(parts.clock())
    await broker.apply(TOPICS)
    service = reviews_service(reviews, broker=broker, means=parts.means(), signatures=signatures)
    platform.services.append(service)

    async def rate(person: Person, order_id: str, stars: int, name: str) -> str:
        """Send a rating twice, and return what it came to."""
        command = RateProduct(order_id, product["productId"], stars)
        actor = Actor(user_id=person.user_id, role=Role.BUYER)
        await broker.publish([signed(command, name, actor=actor)] * 2)
        await until(lambda: views.read(OPERATION_VIEWS, name))
        outcome = await views.operation(name)
        return outcome.error.type if outcome and outcome.error else "rated"

    async with platform, httpx.AsyncClient(base_url=f"{platform.url}/v1", timeout=40) as api:
        people = People(platform, api)
        seller, bruno = await people.seller(), await people.buyer()
        carla, product = await people.buyer("carla@example.com"), await seller.sells()
        brunos, carlas = [(await p.orders(product)).json()["orderId"] for p in (bruno, carla)]
        assert "not_received" == await rate(bruno, brunos, 1, "too early")
        for order_id, buyer in ((brunos, bruno), (carlas, carla)):
            await buyer.status_of(order_id)
            for status in ("processing", "shipped", "delivered"):
                await seller.post(f"/orders/{order_id}/status", {"status": status})
        assert await platform.quiet(5)
        assert "not_received" == await rate(carla, brunos, 1, "somebody else's")
        assert "rated" == await rate(bruno, brunos, 5, "five")
        assert "already_rated" == await rate(bruno, brunos, 1, "again")
        assert "rated" == await rate(carla, carlas, 2, "two")
    shown = reviews.read(RATINGS, product["productId"])
    assert (2, 3.5) == (shown.count, shown.average)
    assert 2 == sum(end for _, end in (await broker.offsets(ProductRated.topic)).values())
