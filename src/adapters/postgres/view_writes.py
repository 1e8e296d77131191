"""What writes the views that a unit of work has put: a few statements however many they are."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec.json import encode

from adapters.postgres.binary import int8
from adapters.postgres.rows import Insert, NewRows, Row, Statement
from adapters.postgres.view_tables import TABLES
from tradex_core.events.reply import OUTCOMES_KEPT
from tradex_core.views.listing import order_key
from tradex_core.views.loaded import LoadedViews
from tradex_core.views.order_view import OrderView
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS

_NEW_SELLERS: Final = NewRows("order_view_sellers", "sellerId", "orderId", "status", "newest")
_STATUS_OF_SELLERS: Final = """
UPDATE order_view_sellers AS old SET status = new.status
FROM json_to_recordset(%(rows)s::json) AS new("sellerId" text, "orderId" text, status text)
WHERE (old."sellerId", old."orderId") = (new."sellerId", new."orderId")
"""
_FORGET: Final = """
DELETE FROM operation_view WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM operation_view WHERE "completedAt" < %(before)s
    ORDER BY "completedAt" LIMIT %(limit)s FOR UPDATE SKIP LOCKED
))
"""
_FORGOTTEN_AT_ONCE: Final = 2_000
"""More than a batch brings, so that what has to go is gone in time."""

_Change = tuple[Any, Any]
"""A view as it was loaded, None where there was none, and as it was put."""


def view_work(views: LoadedViews, *, now: datetime) -> Iterator[Insert | Statement]:
    """Return what writes the views that were put: a conflict where one is not as it was loaded.

    Outcomes are kept for OUTCOMES_KEPT; what is older goes as later ones come.
    """
    changes: dict[str, list[_Change]] = {}
    for need, view in views.put.items():
        changes.setdefault(need[0], []).append((views.read[need], view))
    if OPERATION_VIEWS in changes:
        oldest = now - OUTCOMES_KEPT
        changes[OPERATION_VIEWS] = _recent(changes[OPERATION_VIEWS], oldest)
        yield Statement(_FORGET, {"before": oldest, "limit": _FORGOTTEN_AT_ONCE})
    for collection, changed in changes.items():
        yield from TABLES[collection].writes(
            new=[view for former, view in changed if former is None],
            changed=[view for former, view in changed if former is not None],
        )
    yield from _seller_work(changes.get(ORDER_VIEWS, ()))


def _recent(changes: Iterable[_Change], oldest: datetime) -> list[_Change]:
    return [change for change in changes if change[1].completed_at >= oldest]


def _seller_work(changes: Iterable[_Change]) -> Iterator[Insert | Statement]:
    """Return what lets sellers find orders; whoever is a seller of one stays it."""
    new: list[Row] = []
    changed: list[dict[str, str]] = []
    for former, order in changes:
        known = set(_sellers(former))
        for seller in _sellers(order):
            if seller not in known:
                new.append(_row(seller, order))
            elif former.status is not order.status:
                place = {"sellerId": seller, "orderId": order.order_id}
                changed.append({**place, "status": order.status.value})
    yield _NEW_SELLERS.of(new)
    yield Statement(_STATUS_OF_SELLERS, {"rows": encode(changed).decode()}, expected=len(changed))


def _sellers(order: OrderView | None) -> Sequence[str]:
    return order.sellers if order is not None and order.is_shown else ()


def _row(seller: str, order: OrderView) -> Row:
    status = order.status.value
    return seller.encode(), order.order_id.encode(), status.encode(), int8(order_key(order))
