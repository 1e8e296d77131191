"""What the topics tell of orders, and the messages of the orders service once more.

An order's states lie in the topics in their order, so a message is handled again when the order is
in the state that it was in.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from apps.operations.as_told import AsTold, OutOfTurn, Told
from apps.operations.replaying import LogClock, TimeOut
from apps.orders.handlers import OrdersUnit, order_id_of
from apps.orders.timeouts import TIMED_OUT_BY, Timeouts
from tradex_core.events import codec
from tradex_core.events.fields import Wire
from tradex_core.events.order import CreateOrder, OrderStatus
from tradex_core.ids import OrderId
from tradex_core.messaging.broker import Record
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.orders.needs import needs_of_order


class _Step(Wire, frozen=True):
    order_id: OrderId
    status: OrderStatus


class ToldOfOrder(Told):
    """The state that a message brought an order into."""

    status: OrderStatus | None = None

    @property
    def is_done(self) -> bool:
        """Whether it is known to have been done."""
        return super().is_done or self.status is not None


class OrdersAsTold(AsTold[OrdersUnit, ToldOfOrder]):
    """Handles the messages of the orders service as told, and its timers.

    What nobody was told of comes behind all that was told of its order.
    """

    def __init__(self, routes: Routes[OrdersUnit]) -> None:
        super().__init__(routes, ToldOfOrder)
        self._states: dict[OrderId, list[OrderStatus]] = defaultdict(list)

    def note_event(self, record: Record, told: ToldOfOrder) -> None:
        """Take note of an event, and of what it tells of its cause."""
        step = codec.decode(record.value or b"", _Step)
        states, told.status = self._states[step.order_id], step.status
        if step.status not in states:  # it may lie there more than once
            states.append(step.status)

    def handle(
        self,
        handler: Handler[OrdersUnit],
        unit: OrdersUnit,
        payload: Any,  # noqa: ANN401 - each message has a type of its own
        context: Context,
        told: ToldOfOrder,
    ) -> object | None:
        """Handle a message again; raises OutOfTurn, and what the handler raises."""
        is_new = isinstance(payload, CreateOrder)
        order_id = OrderId(order_id_of(payload, context) if is_new else payload.order_id)
        self._require_turn(unit, order_id, told)
        result = handler.handle(unit, payload, context)
        if told.status not in (None, _status(unit, order_id)):
            msg = f"order {order_id} was {told.status} then, and is not"
            raise OutOfTurn(msg)
        return result

    def _require_turn(self, unit: OrdersUnit, order_id: OrderId, told: ToldOfOrder) -> None:
        now, states = _status(unit, order_id), self._states.get(order_id, [])
        if told.status is None:
            is_due = now not in [None, *states][:-1]
        else:
            place = states.index(told.status)
            is_due = place == 0 or now is states[place - 1]
        if not is_due:
            msg = f"order {order_id} is {now or 'not there'}, and more had happened to it"
            raise OutOfTurn(msg)

    def timing_out(
        self, timeouts: Timeouts, units: Callable[[], OrdersUnit], clock: LogClock
    ) -> TimeOut:
        """Return what cancels an order again that had heard nothing; it raises OutOfTurn too."""

        async def time_out(order_id: OrderId) -> None:
            told = self.told_of(TIMED_OUT_BY + order_id)
            async with units() as unit:
                await unit.load(needs_of_order(order_id))
                order = unit.orders.find(order_id)
                if order is None or order.state.status is not told.status:
                    self._require_turn(unit, order_id, told)
                if order is not None:  # it may have been placed by a clock that was ahead
                    clock.at = max(clock.at, order.state.created_at)
            await timeouts.time_out(order_id)

        return time_out


def _status(unit: OrdersUnit, order_id: OrderId) -> OrderStatus | None:
    order = unit.orders.find(order_id)
    return None if order is None else order.state.status
