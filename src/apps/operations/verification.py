"""Derives what is kept from what it is kept of, and tells every difference."""

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, Final, Protocol

from msgspec.structs import fields

from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.fields import Wire
from tradex_core.ids import OrderId
from tradex_core.orders.errors import BrokenHistory
from tradex_core.orders.order import Order, OrderState, decode_fact

_FIELDS: Final = tuple(field.name for field in fields(OrderState))


class Difference(Wire, frozen=True, kw_only=True):
    """Something that is kept and is not what it is derived to be; None: there is nothing."""

    id: str
    field: str
    kept: Any
    derived: Any


class Verification(Wire, frozen=True, kw_only=True):
    """How many were looked at, and everything that differs."""

    checked: int
    differences: tuple[Difference, ...]


class OrderStory(Protocol):
    """An order as it is kept, at one instant."""

    @property
    def order_id(self) -> OrderId:
        """Its id."""
        ...

    @property
    def snapshot(self) -> OrderState | None:
        """What its rows say; None where it has none."""
        ...

    @property
    def events(self) -> Sequence[tuple[int, bytes]]:
        """What happened to it: each event's version and JSON, in the order of the versions."""
        ...


class OrderStories(Protocol):
    """Tells what the orders service keeps."""

    def stories(self) -> AsyncIterator[OrderStory]:
        """Yield every order's story; raises Outage."""
        ...

    async def close(self) -> None:
        """Give every connection back."""
        ...


async def verify_orders(orders: OrderStories) -> Verification:
    """Derive every order's rows from what happened to it, and compare; raises Outage."""
    checked = 0
    differences: list[Difference] = []
    async for story in orders.stories():
        checked += 1
        differences += _of_order(story)
    return Verification(checked=checked, differences=tuple(differences))


def _of_order(story: OrderStory) -> Iterator[Difference]:
    versions = [version for version, _ in story.events]
    if versions != list(range(1, len(versions) + 1)):
        gapless = f"1 to {len(versions)}"
        yield _difference(story, "events", kept=f"versions {_listed(versions)}", derived=gapless)
    try:
        derived = Order.replay(decode_fact(event) for _, event in story.events).state
    except (BrokenHistory, Undecodable) as error:
        yield _difference(story, "events", kept=str(error), derived=None)
        return
    if story.snapshot is None:
        yield _difference(story, "row", kept=None, derived=derived.status)
        return
    for name in _FIELDS:
        kept, wanted = getattr(story.snapshot, name), getattr(derived, name)
        if kept != wanted:
            yield _difference(story, name, kept=kept, derived=wanted)


class StockAccount(Protocol):
    """A product's stock at one instant."""

    @property
    def product_id(self) -> str:
        """Its id."""
        ...

    @property
    def stock(self) -> int:
        """How much of it is kept to be there."""
        ...

    @property
    def derived(self) -> int:
        """How much has to be there: what it began with, and what its movements add up to."""
        ...


class StockAccounts(Protocol):
    """Tells what the catalogue keeps of its stock."""

    def accounts(self) -> AsyncIterator[StockAccount]:
        """Yield every product's account; raises Outage."""
        ...


async def verify_stock(stock: StockAccounts) -> Verification:
    """Derive every product's stock from its movements, and compare; raises Outage.

    Stock below zero is a difference too: more was sold than there was.
    """
    checked = 0
    differences: list[Difference] = []
    async for account in stock.accounts():
        checked += 1
        kept, derived = account.stock, account.derived
        if kept != derived:
            differences.append(_of_stock(account, derived=derived))
        elif kept < 0:
            differences.append(_of_stock(account, derived="never below 0"))
    return Verification(checked=checked, differences=tuple(differences))


def _of_stock(account: StockAccount, *, derived: object) -> Difference:
    return Difference(id=account.product_id, field="stock", kept=account.stock, derived=derived)


def _difference(story: OrderStory, field: str, *, kept: object, derived: object) -> Difference:
    return Difference(id=story.order_id, field=field, kept=_shown(kept), derived=_shown(derived))


def _listed(versions: Sequence[int]) -> str:
    return ", ".join(str(version) for version in versions)


def _shown(value: object) -> Any:  # noqa: ANN401 - any JSON
    return codec.to_builtins(value)
