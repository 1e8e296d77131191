"""Which use case handles which message of the orders service."""

from dataclasses import dataclass
from typing import Final, Protocol

from tradex_core.clock import Clock
from tradex_core.events import topics
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder, OrderDocument
from tradex_core.events.stock import StockRejected, StockReserved
from tradex_core.ids import OrderId, derived_uuid7
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.messaging.unit_of_work import UnitOfWork
from tradex_core.orders.advance_order import advance_order
from tradex_core.orders.cancel_order import cancel_order
from tradex_core.orders.confirm_order import confirm_order
from tradex_core.orders.create_order import create_order
from tradex_core.orders.needs import needs_of_order
from tradex_core.orders.ports import Orders
from tradex_core.orders.reject_order import reject_order

PUBLISHES: Final = (topics.ORDER_CREATED, topics.ORDER_UPDATED)
"""The topics of the events that the orders service tells."""


class OrdersUnit(UnitOfWork, Protocol):
    """A unit of work on the orders service's database."""

    @property
    def orders(self) -> Orders:
        """The orders that were loaded."""
        ...


@dataclass(frozen=True, kw_only=True)
class OrdersHandlers:
    """The handlers and what they work with."""

    clock: Clock

    def routes(self) -> Routes[OrdersUnit]:
        """Return everything that the orders service handles."""
        return Routes(
            commands={
                CreateOrder: Handler(
                    payload=CreateOrder,
                    needs=lambda c, context: needs_of_order(order_id_of(c, context)),
                    handle=self._create,
                ),
                CancelOrder: Handler(
                    payload=CancelOrder,
                    needs=lambda command, _: needs_of_order(command.order_id),
                    handle=self._cancel,
                ),
                AdvanceOrder: Handler(
                    payload=AdvanceOrder,
                    needs=lambda command, _: needs_of_order(command.order_id),
                    handle=self._advance,
                ),
            },
            events={
                StockReserved: Handler(
                    payload=StockReserved,
                    needs=lambda event, _: needs_of_order(event.order_id),
                    handle=self._confirm,
                ),
                StockRejected: Handler(
                    payload=StockRejected,
                    needs=lambda event, _: needs_of_order(event.order_id),
                    handle=self._reject,
                ),
            },
            apart=True,
        )

    def _create(self, unit: OrdersUnit, command: CreateOrder, context: Context) -> OrderDocument:
        order = create_order(
            command,
            actor=context.actor,
            order_id=OrderId(order_id_of(command, context)),
            orders=unit.orders,
            clock=self.clock,
        )
        return order.document()

    def _cancel(self, unit: OrdersUnit, command: CancelOrder, context: Context) -> OrderDocument:
        actor = context.require_actor()
        order = cancel_order(command, orders=unit.orders, actor=actor, clock=self.clock)
        return order.document()

    def _advance(self, unit: OrdersUnit, command: AdvanceOrder, context: Context) -> OrderDocument:
        actor = context.require_actor()
        order = advance_order(command, orders=unit.orders, actor=actor, clock=self.clock)
        return order.document()

    def _confirm(self, unit: OrdersUnit, event: StockReserved, _context: Context) -> None:
        confirm_order(event, orders=unit.orders, clock=self.clock)

    def _reject(self, unit: OrdersUnit, event: StockRejected, _context: Context) -> None:
        reject_order(event, orders=unit.orders, clock=self.clock)


def order_id_of(command: CreateOrder, context: Context) -> str:
    """Return the id that the order has, or will have."""
    return command.order_id or derived_uuid7(context.message_id, "order", at=context.sent_at)
