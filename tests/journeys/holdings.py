"""People of every role, and things that are theirs, somebody else's, or nobody's."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from itertools import count
from typing import Final

from msgspec import Struct
from tests.builders.messages import signed
from tests.journeys.log import records_of
from tests.journeys.people import People, Person

from apps.gateway.policy import Rights, Whose
from apps.platform.platform import Platform
from tradex_core.events import codec, topics
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Command
from tradex_core.events.order import (
    AdvanceOrder,
    CancelOrder,
    CreateOrder,
    OrderLine,
    OrderStatus,
)
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.events.reply import CommandReplied
from tradex_core.events.stock import StockOperation
from tradex_core.events.user import DeactivateUser, Role
from tradex_core.ids import OperationId, derived_object_id, derived_uuid7, uuid7_time
from tradex_core.messaging.broker import Record
from tradex_core.money import Money
from tradex_core.operations.operation_id import ANONYMOUS


class Relation(StrEnum):
    """Whose a thing is, seen from who asks."""

    OWN = "their own"
    SOLD = "with a product of theirs"
    OTHERS = "somebody else's"
    NOBODYS = "nobody's"
    MISSING = "not there"


UNKNOWN_ID: Final = "018d0c1e-8a00-7000-8000-00000000000a"

COVERED: Final[Mapping[Whose, frozenset[Relation]]] = {
    Whose.NOBODYS: frozenset({Relation.NOBODYS}),
    Whose.OWN: frozenset({Relation.OWN}),
    Whose.SOLD: frozenset({Relation.SOLD}),
    Whose.ANYBODYS: frozenset({Relation.OWN, Relation.SOLD, Relation.OTHERS}),
}


def is_covered(rights: Rights, role: Role | None, relation: Relation) -> bool:
    """Return whether a role may act on such things; what nobody owns is for whoever may ask."""
    by_role = COVERED[rights[role]]
    return relation in (by_role | COVERED[rights[None]] if None in rights else by_role)


class Caller(Struct, frozen=True):
    """Somebody of the table; without a person nobody is signed in."""

    name: str
    person: Person | None = None
    role: Role | None = None
    closed: bool = False

    @property
    def actor(self) -> Actor:
        """Who they are to a service."""
        assert self.person is not None
        assert self.role is not None
        return Actor(self.person.user_id, self.role)


class Holdings:
    """Makes things for people, as an admin's commands on the broker do."""

    def __init__(self, platform: Platform, people: People) -> None:
        self._platform = platform
        self._people = people
        self._numbers = count(1)
        self._ids = platform.container.gateway.operation_ids()
        self.admin = Actor("018d0c1e-8a00-7000-8000-0000000000e1", Role.ADMIN)
        self._stranger = UNKNOWN_ID
        self._commands: dict[type[Command], Callable[[Relation, str], Awaitable[Command]]] = {
            CreateProduct: self._new_product,
            CreateOrder: self._new_order,
            DeactivateUser: self._deactivation,
        }

    async def callers(self) -> list[Caller]:
        """Return somebody of each role, each once more with a closed account, and nobody."""
        self._stranger = (await self._people.seller("stranger@example.com")).user_id
        callers = [Caller("nobody")]
        for role in Role:
            for closed in (False, True):
                name = f"closed {role}" if closed else str(role)
                person = await self._person(role, f"{name.replace(' ', '.')}@example.com")
                callers.append(Caller(name, person, role, closed))
                if closed:
                    await self._close(person)
        return callers

    async def _close(self, person: Person) -> None:
        await self.ask(DeactivateUser(person.user_id), self.admin)
        async with asyncio.timeout(20):
            while (await person.get("/me")).is_success:  # noqa: ASYNC110 - until it is seen
                await asyncio.sleep(0.05)

    async def _person(self, role: Role, email: str) -> Person:
        if role is Role.ADMIN:
            return await self._people.admin(email)
        return await (self._people.buyer if role is Role.BUYER else self._people.seller)(email)

    async def ask(self, command: Command, actor: Actor) -> CommandReplied:
        """Publish a command signed for an actor, past the gateway, and return the answer."""
        operation_id = self.operation(actor.user_id)
        signatures = self._platform.container.signatures()
        message = signed(command, operation_id, actor=actor, signatures=signatures)
        assert [None] == await self._platform.broker.publish([message])
        assert await self._platform.quiet(20)
        replies = [
            codec.decode(record.value or b"", CommandReplied)
            for record in await records_of(self._platform, topics.COMMAND_REPLIES)
        ]
        [reply] = [each for each in replies if each.operation_id == operation_id]
        return reply

    def operation(self, owner: str = ANONYMOUS, command: str = "CREATE_ORDER") -> OperationId:
        """Return the id of an operation of somebody's."""
        issued: OperationId = self._ids.issue(owner=owner, command=command)
        return issued

    async def product(self, relation: Relation, user_id: str) -> str:
        """Return a product's id."""
        command = await self._new_product(relation, user_id)
        if relation is not Relation.MISSING:
            assert "succeeded" == (await self.ask(command, self.admin)).status
        return str(command.product_id)

    async def order(self, relation: Relation, user_id: str) -> str:
        """Return the id of an order that is confirmed."""
        command = await self._new_order(relation, user_id)
        if relation is not Relation.MISSING:
            assert "succeeded" == (await self.ask(command, self.admin)).status
        return str(command.order_id)

    async def command(self, kind: type[Command], relation: Relation, user_id: str) -> Command:
        """Return a command about such a thing, or for one that is to be theirs."""
        make = self._commands.get(kind)
        if make is not None:
            return await make(relation, user_id)
        if kind in {UpdateProduct, AdjustStock}:
            product_id = await self.product(relation, user_id)
            if kind is UpdateProduct:
                return UpdateProduct(product_id, price=Money("1.00"))
            return AdjustStock(product_id, StockOperation.INCREASE, 1)
        order_id = await self.order(relation, user_id)
        if kind is CancelOrder:
            return CancelOrder(order_id)
        return AdvanceOrder(order_id, OrderStatus.PROCESSING)

    async def _deactivation(self, relation: Relation, _user_id: str) -> DeactivateUser:
        if relation is Relation.MISSING:
            return DeactivateUser(UNKNOWN_ID)
        somebody = await self._people.buyer(f"{next(self._numbers)}@example.com")
        return DeactivateUser(somebody.user_id)

    async def _new_product(self, relation: Relation, user_id: str) -> CreateProduct:
        seed = self.operation()
        return CreateProduct(
            name="Mate",
            description="",
            sku=f"SKU-{next(self._numbers)}",
            price=Money("12.50"),
            stock=9,
            category="Beverages",
            product_id=derived_object_id(seed, "product", at=uuid7_time(seed)),
            seller_id=user_id if relation is Relation.OWN else self._stranger,
        )

    async def _new_order(self, relation: Relation, user_id: str) -> CreateOrder:
        seed = self.operation()
        sellers = Relation.OWN if relation is Relation.SOLD else Relation.OTHERS
        line = OrderLine(await self.product(sellers, user_id), 1, Money("12.50"))
        return CreateOrder(
            user_id=user_id if relation is Relation.OWN else self._stranger,
            items=(line,),
            order_id=derived_uuid7(seed, "order", at=uuid7_time(seed)),
        )

    async def operation_of(self, relation: Relation, user_id: str) -> str:
        """Return the id of an operation that is still pending."""
        match relation:
            case Relation.MISSING:
                return UNKNOWN_ID
            case Relation.NOBODYS:
                return self.operation(command="LOGIN_USER")
            case _:
                return self.operation(user_id if relation is Relation.OWN else self._stranger)

    async def commands(self) -> list[Record]:
        """Return every command that was ever published."""
        return await records_of(self._platform, *topics.COMMANDS)
