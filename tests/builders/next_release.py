"""The orders service as a next release may have it: a field, a command and an event more."""

from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from dependency_injector import providers
from msgspec import UNSET, UnsetType
from tests.builders.machines import NOW

from apps.orders.container import OrdersContainer
from apps.orders.handlers import OrdersHandlers, OrdersUnit
from apps.platform.platform import Platform
from apps.runtime.service import Service
from tradex_core.events import topics
from tradex_core.events.fields import Command, Event, Instant, Text, Uuid
from tradex_core.events.order import CreateOrder, OrderDocument
from tradex_core.events.topics import topics_of
from tradex_core.ids import OrderId
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.orders.needs import needs_of_order


class CreateOrderWithNote(CreateOrder, frozen=True, kw_only=True):
    """Order products, with a word to the seller."""

    note: Text | UnsetType = UNSET


class WrapOrder(Command, frozen=True):
    """Have an order wrapped as a present."""

    command: ClassVar[str] = "WRAP_ORDER"
    topic: ClassVar[str] = topics.ORDER_COMMANDS

    order_id: Uuid

    @property
    def key(self) -> str:
        return self.order_id

    @property
    def subject(self) -> str | None:
        return self.order_id


class OrderWrapped(Event, frozen=True):
    """An order was wrapped."""

    topic: ClassVar[str] = "order.wrapped"

    order_id: str
    wrapped_at: Instant

    @property
    def key(self) -> str:
        return self.order_id


TOPICS = topics_of(events=[OrderWrapped.topic])


@dataclass(frozen=True, kw_only=True)
class NextHandlers(OrdersHandlers):
    """The handlers of the next release, which count each note that they see."""

    notes: Counter[str]

    def routes(self) -> Routes[OrdersUnit]:
        now = super().routes()
        orders = now.commands[CreateOrder]
        wraps = Handler[OrdersUnit](
            payload=WrapOrder,
            needs=lambda command, _: needs_of_order(command.order_id),
            handle=self._wrap,
        )
        with_note = Handler(
            payload=CreateOrderWithNote, needs=orders.needs, handle=self._create_with_note
        )
        others = {kind: each for kind, each in now.commands.items() if kind is not CreateOrder}
        return Routes(
            commands={**others, CreateOrderWithNote: with_note, WrapOrder: wraps},
            events=now.events,
        )

    def _create_with_note(
        self, unit: OrdersUnit, command: CreateOrderWithNote, context: Context
    ) -> OrderDocument:
        if command.note is not UNSET:
            self.notes[command.note] += 1
        return self._create(unit, command, context)

    def _wrap(self, unit: OrdersUnit, command: WrapOrder, _context: Context) -> None:
        order = unit.orders.get(OrderId(command.order_id))
        order.change(order.state, OrderWrapped(command.order_id, NOW))


def next_orders(platform: Platform, notes: Counter[str]) -> Service:
    """Return a replica of the next release, on the broker and the database of a platform.

    Its handlers count in `notes`.
    """
    parts = platform.container
    container = OrdersContainer(
        settings=parts.settings,
        broker=parts.broker,
        means=parts.means,
        signatures=parts.signatures,
    )
    container.database.override(providers.Object(platform.orders_database))
    container.handlers.override(providers.Object(NextHandlers(clock=parts.clock(), notes=notes)))
    service: Service = container.service()
    return service
