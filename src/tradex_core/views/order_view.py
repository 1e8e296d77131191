"""An order as the gateway shows it, whatever the order in which its events arrive."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from tradex_core.clock import from_epoch_ms
from tradex_core.events.fields import Wire
from tradex_core.events.order import (
    OrderCreated,
    OrderDocument,
    OrderLine,
    OrderStatus,
    OrderUpdated,
)
from tradex_core.events.stock import StockRejected, StockReserved
from tradex_core.money import Money

_UNKNOWN_TIME: Final = from_epoch_ms(0)
_UNKNOWN_AMOUNT: Final = Money(0)


class TimelineEntry(Wire, frozen=True):
    """A step in an order's life; `id` is its status's rank, so a later step has a higher one."""

    id: int
    status: OrderStatus
    at: datetime
    reason: str | None = None


class OrderView(Struct, frozen=True, kw_only=True, gc=False):
    """An order, the sellers of its products, and every status it had, earliest first.

    Until its order.created has come the view is a stub, and nobody is shown it.
    """

    order_id: str
    user_id: str = ""
    items: tuple[OrderLine, ...] = ()
    total_amount: Money = _UNKNOWN_AMOUNT
    created_at: datetime = _UNKNOWN_TIME
    is_shown: bool = False
    sellers: tuple[str, ...] = ()
    timeline: tuple[TimelineEntry, ...] = ()

    @property
    def status(self) -> OrderStatus:
        """The furthest status it is known to have had."""
        return self.timeline[-1].status if self.timeline else OrderStatus.PENDING

    @property
    def reason(self) -> str | None:
        """Why it was cancelled."""
        return self.timeline[-1].reason if self.timeline else None

    @property
    def updated_at(self) -> datetime:
        """Since when it has its status."""
        return self.timeline[-1].at if self.timeline else self.created_at

    def document(self) -> OrderDocument:
        """Return the order as clients are shown it."""
        return OrderDocument(
            order_id=self.order_id,
            user_id=self.user_id,
            items=self.items,
            total_amount=self.total_amount,
            status=self.status,
            reason=self.reason,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )


def apply_created(view: OrderView | None, event: OrderCreated) -> OrderView:
    """Take what was ordered, by whom, and the first entry of the timeline.

    Returns the very same view where the order was created before.
    """
    known = view or OrderView(order_id=event.order_id)
    if known.is_shown:
        return known
    return replace(
        _entered(known, event.status, at=event.created_at, reason=None),
        user_id=event.user_id,
        items=event.items,
        total_amount=event.total_amount,
        created_at=event.created_at,
        is_shown=True,
    )


def apply_updated(view: OrderView | None, event: OrderUpdated) -> OrderView:
    """Enter a status in the timeline, in its place; the furthest one is the order's.

    Returns the very same view where the status was entered before.
    """
    known = view or OrderView(order_id=event.order_id)
    return _entered(known, event.status, at=event.updated_at, reason=event.reason)


def apply_sellers(view: OrderView | None, event: StockReserved | StockRejected) -> OrderView:
    """Take whose products the order's are, as the catalogue answers its reservation.

    Returns the very same view where they were known.
    """
    known = view or OrderView(order_id=event.order_id)
    sellers = tuple(sorted({*known.sellers, *event.sellers}))
    return known if sellers == known.sellers else replace(known, sellers=sellers)


def _entered(
    view: OrderView, status: OrderStatus, *, at: datetime, reason: str | None
) -> OrderView:
    if any(entry.status is status for entry in view.timeline):
        return view
    entry = TimelineEntry(id=status.rank, status=status, at=at, reason=reason)
    timeline = sorted((*view.timeline, entry), key=lambda entry: entry.id)
    return replace(view, timeline=tuple(timeline))
