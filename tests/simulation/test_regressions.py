"""What the simulation found once, as plain stories on a day on which nothing goes wrong."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec.structs import replace
from tests.simulation.ageing import grow_old
from tests.simulation.booting import boot
from tests.simulation.client import Client
from tests.simulation.history import Deed, History
from tests.simulation.network import Network
from tests.simulation.plan import plan_of
from tests.simulation.rebuilding import rebuilt_views
from tests.simulation.rest import come_to_rest
from tests.simulation.wiring import SIGNATURES
from tests.simulation.world import World

from tradex_core.events.topics import CATALOG_COMMANDS, all_topics
from tradex_core.events.user import Role
from tradex_core.messaging.broker import Message
from tradex_core.messaging.operating import DeadLetters
from tradex_core.views.ports import USER_VIEWS


class Marketplace:
    """A calm world with a seller, a buyer, and one product at a price of 1."""

    def __init__(self, world: World) -> None:
        network, history = Network(world), History()
        self.world = world
        self.seller = Client("ann", Role.SELLER, world=world, network=network, history=history)
        self.buyer = Client("bob", Role.BUYER, world=world, network=network, history=history)
        self.product = ""

    async def open(self) -> None:
        await self.world.broker.apply(all_topics())
        for slot in self.world.slots.values():
            slot.start()
        assert await self.seller.sign_in()
        assert await self.buyer.sign_in()
        deed = await self.seller.ask(
            "create", "POST", "/v1/products", A_PRODUCT, keyed=True, wait=2
        )
        assert deed.thing is not None
        self.product = deed.thing

    async def set_price(self, price: int) -> None:
        path = f"/v1/products/{self.product}"
        deed = await self.seller.ask("patch", "PATCH", path, {"price": price}, keyed=False, wait=2)
        assert [200] == [attempt.status for attempt in deed.attempts]

    async def order_at(self, price: int) -> Deed:
        line = {"productId": self.product, "quantity": 1, "price": price}
        return await self.buyer.ask("order", "POST", "/v1/orders", {"items": [line]}, keyed=True)


A_PRODUCT: dict[str, Any] = {
    "name": "A kettle",
    "description": "",
    "sku": "kettle",
    "price": 1,
    "stock": 5,
    "category": "kitchen",
}


def play(story: Callable[[Marketplace], Awaitable[None]]) -> None:
    plan = replace(
        plan_of(0),
        faults={},
        replicas=dict.fromkeys(("auth", "catalog", "orders", "projector", "gateway"), 1),
    )
    world = World(plan, boot)

    async def run() -> None:
        marketplace = Marketplace(world)
        await marketplace.open()
        await story(marketplace)

    try:
        world.loop.run_until_complete(run())
    finally:
        for app in plan.replicas:
            for process in world.running(app):
                process.die("the story is over")
        world.loop.close()


def statuses(deed: Deed) -> set[int]:
    return {attempt.status for attempt in deed.attempts}


def test_an_order_that_was_taken_is_not_refused_when_it_is_repeated_at_an_old_price() -> None:
    async def story(marketplace: Marketplace) -> None:
        marketplace.world.slots["orders-1"].stop()
        deed = await marketplace.order_at(1)
        await marketplace.set_price(2)
        await marketplace.buyer.attempt(deed)
        assert {202} == statuses(deed)
        assert 1 == len(deed.operation_ids)

    play(story)


def test_an_order_that_was_refused_stays_refused_under_its_key() -> None:
    async def story(marketplace: Marketplace) -> None:
        await marketplace.set_price(2)
        deed = await marketplace.order_at(1)
        await marketplace.set_price(1)
        await marketplace.buyer.attempt(deed)
        assert {409} == statuses(deed)
        assert {"price_changed"} == {attempt.slug for attempt in deed.attempts}
        assert {202} == statuses(await marketplace.order_at(1))

    play(story)


def test_views_rebuilt_after_a_long_time_know_everybodys_name() -> None:
    async def story(marketplace: Marketplace) -> None:
        await come_to_rest(marketplace.world)
        grow_old(marketplace.world)
        views = (await rebuilt_views(marketplace.world)).views
        user: Any = views.read(USER_VIEWS, marketplace.buyer.user_id)
        assert marketplace.buyer.name == user.name

    play(story)


def test_an_answer_to_a_topic_that_is_not_there_does_not_stay_in_the_outbox_for_ever() -> None:
    async def story(marketplace: Marketplace) -> None:
        world = marketplace.world
        value = (
            b'{"command":"GET_PRODUCT","data":{"productId":"%b"}}' % marketplace.product.encode()
        )
        address = (("kafka_replyTopic", b"nowhere"), ("kafka_correlationId", b"1"))
        await world.wire.append(Message(CATALOG_COMMANDS, b"key", value, address))
        assert [] == await come_to_rest(world)
        assert 0 == len(world.databases["catalog"].outbox)

    play(story)


def test_what_is_no_dead_letter_does_not_keep_operators_from_the_others() -> None:
    async def story(marketplace: Marketplace) -> None:
        world = marketplace.world
        await world.wire.append(Message(CATALOG_COMMANDS, b"key", b"garbage"))
        await come_to_rest(world)
        forged = (("dlq-id", b"x"), ("dlq-reason", b"exhausted"), ("dlq-replay-count", b"many"))
        for headers in (forged, forged[:1], ()):
            await world.wire.append(Message(f"{CATALOG_COMMANDS}.dlq", b"key", b"{}", headers))
        letters = DeadLetters(world.broker, [CATALOG_COMMANDS], SIGNATURES)
        [letter] = await letters.open()
        assert CATALOG_COMMANDS == letter.original_topic
        await letters.discard(letter.id)
        assert [] == await letters.open()

    play(story)
