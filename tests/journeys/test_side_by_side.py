"""An old and a next release of a service share a group, a database and a log."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from tests.builders.machines import NOW
from tests.builders.messages import signed
from tests.builders.next_release import (
    TOPICS,
    CreateOrderWithNote,
    OrderWrapped,
    WrapOrder,
    next_orders,
)
from tests.journeys.conftest import embedded_settings
from tests.journeys.log import records_of
from tests.journeys.people import People, Person

from apps.platform.platform import Platform
from apps.runtime.settings import Settings
from tradex_core.events import codec, topics
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Command
from tradex_core.events.order import OrderCreated, OrderLine, OrderStatus
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.user import Role
from tradex_core.ids import derived_uuid7
from tradex_core.messaging.broker import Message
from tradex_core.messaging.operating import DeadLetters
from tradex_core.money import Money
from tradex_core.orders.ports import ORDERS

MANY = 60
LATER = (("x-later", b"\x00\xff"), ("ce_later", b"2.0"))
"""Headers that nobody knows today."""


class Upgrade:
    """A platform in the middle of an upgrade of its orders service: one old replica, two new.

    The members join in this order, so that each has a share of the commands' partitions.
    """

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.broker = platform.broker
        [self.old] = [each for each in platform.services if each.name == "orders"]
        self.notes: Counter[str] = Counter()
        self.next = [next_orders(platform, self.notes) for _ in range(2)]
        platform.services[:] = [self.next[0], *platform.services, self.next[1]]
        signatures = platform.container.signatures()
        self.dead_letters = DeadLetters(self.broker, self.old.consumer.topics, signatures)

    async def send(self, *messages: Message) -> None:
        assert [None] * len(messages) == await self.broker.publish(messages)

    async def quiet(self) -> None:
        assert await self.platform.quiet(20)

    async def outcomes(self) -> Counter[tuple[str, OutcomeStatus]]:
        replies = await records_of(self.platform, topics.COMMAND_REPLIES)
        decoded = [codec.decode(each.value or b"", CommandReplied) for each in replies]
        return Counter((reply.operation_id, reply.status) for reply in decoded)


@pytest.fixture
def settings() -> Settings:
    return embedded_settings(actor_signing_key=b"the key that all apps share")


@pytest.fixture
async def upgrade(settings: Settings) -> AsyncIterator[Upgrade]:
    platform = Platform.build(settings)
    upgrade = Upgrade(platform)
    await platform.broker.apply(TOPICS)
    async with platform:
        yield upgrade


@pytest.fixture
def platform(upgrade: Upgrade) -> Platform:
    """The platform that the fixtures for its API and people are on."""
    return upgrade.platform


async def an_order_each(upgrade: Upgrade, people: People, *, stock: int) -> list[str]:
    """Order one piece many times, with a note that only the new know; return the orders' ids."""
    seller, buyer = await people.seller(), await people.buyer()
    product = await seller.sells(stock=stock)
    line = OrderLine(product["productId"], 1, Money("12.50"))
    ids = [derived_uuid7(str(number), "order", at=NOW) for number in range(MANY)]
    commands = [CreateOrderWithNote(buyer.user_id, (line,), each, note=each) for each in ids]
    await upgrade.send(*(by(buyer, command) for command in commands))
    return ids


def by(buyer: Person, command: Command) -> Message:
    """Return a command of a buyer's, as a later gateway may send it."""
    actor = Actor(user_id=buyer.user_id, role=Role.BUYER)
    return signed(command, f"{command.command} {command.subject}", actor=actor, headers=LATER)


async def test_nothing_is_lost_or_doubled_while_two_releases_share_the_work(
    upgrade: Upgrade, people: People
) -> None:
    ids = await an_order_each(upgrade, people, stock=MANY)
    await upgrade.quiet()

    created = await records_of(upgrade.platform, OrderCreated.topic)
    made = [codec.decode(each.value or b"", OrderCreated).order_id for each in created]
    assert sorted(ids) == sorted(made)
    orders = [upgrade.platform.orders_database.read(ORDERS, each) for each in ids]
    assert [OrderStatus.CONFIRMED] * MANY == [order.status for order in orders]
    succeeded = {f"CREATE_ORDER {each}": 1 for each in ids}
    outcomes = await upgrade.outcomes()
    assert succeeded == {op: n for (op, _), n in outcomes.items() if op in succeeded}
    assert [] == await upgrade.dead_letters.open()
    assert 0 < len(upgrade.notes) < MANY, "both releases had their share"
    assert {1} == set(upgrade.notes.values())


async def test_a_command_of_the_future_waits_with_an_operator_until_all_know_it(
    upgrade: Upgrade, people: People
) -> None:
    ids = await an_order_each(upgrade, people, stock=MANY)
    await upgrade.quiet()
    buyer = await people.signed_in("bruno@example.com")
    await upgrade.send(*(by(buyer, WrapOrder(each)) for each in ids))
    await upgrade.quiet()

    letters = await upgrade.dead_letters.open()
    assert 0 < len(letters) < MANY
    assert {"undecodable"} == {letter.reason for letter in letters}
    wrapped = await records_of(upgrade.platform, OrderWrapped.topic)
    assert MANY == len(letters) + len(wrapped)
    ended = {op for op, _ in await upgrade.outcomes()}
    assert len(wrapped) == len({op for op in ended if op.startswith("WRAP_ORDER")})

    await upgrade.old.consumer.stop()
    await upgrade.dead_letters.redrive_all(lambda letter: letter.reason == "undecodable")
    await upgrade.quiet()
    wrapped = await records_of(upgrade.platform, OrderWrapped.topic)
    assert sorted(ids) == sorted((each.key or b"").decode() for each in wrapped)
    assert [] == await upgrade.dead_letters.open()
    done = Counter({(f"WRAP_ORDER {each}", OutcomeStatus.SUCCEEDED): 1 for each in ids})
    assert done == done & await upgrade.outcomes()


async def test_a_replica_of_the_old_release_takes_over_where_the_next_one_ends(
    upgrade: Upgrade, people: People
) -> None:
    for replica in upgrade.next:
        await replica.consumer.stop()
    ids = await an_order_each(upgrade, people, stock=MANY)
    await upgrade.quiet()
    orders = [upgrade.platform.orders_database.read(ORDERS, each) for each in ids]
    assert [OrderStatus.CONFIRMED] * MANY == [order.status for order in orders]
    assert Counter() == upgrade.notes
