"""`tradex orders verify` and `tradex stock verify`: every difference is told, and nothing else."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import pytest
from msgspec.structs import replace
from tests.apps.cli.shown import invoke, printed
from tests.builders.orders import NOW, ORDER_ID, a_fresh_order

from apps.cli.verification import show
from apps.operations.verification import (
    Difference,
    OrderStory,
    StockAccount,
    Verification,
    verify_orders,
    verify_stock,
)
from tradex_core.events.order import OrderStatus
from tradex_core.ids import OrderId
from tradex_core.money import Money
from tradex_core.orders.order import OrderState, encode_fact


@dataclass(frozen=True)
class Story:
    order_id: OrderId
    snapshot: OrderState | None
    events: Sequence[tuple[int, bytes]]


class Stories:
    def __init__(self, *stories: OrderStory) -> None:
        self._stories = stories

    async def stories(self) -> AsyncIterator[OrderStory]:
        for story in self._stories:
            yield story

    async def close(self) -> None:
        pass


def a_story(*, version: int = 1) -> Story:
    """Return the story of an order that is confirmed, its first event at a version."""
    order = a_fresh_order()
    order.confirm(sellers=("s",), at=NOW)
    events = [encode_fact(fact) for fact in order.take_facts()]
    return Story(ORDER_ID, order.state, list(enumerate(events, start=version)))


def of(field: str, kept: object, derived: object) -> Difference:
    return Difference(id=ORDER_ID, field=field, kept=kept, derived=derived)


async def differences(story: Story) -> list[Difference]:
    verification = await verify_orders(Stories(story))
    assert 1 == verification.checked
    return list(verification.differences)


async def test_rows_that_are_what_the_events_say_are_only_counted() -> None:
    found = await verify_orders(Stories(a_story(), a_story()))
    assert Verification(checked=2, differences=()) == found


async def test_every_field_that_differs_is_told_with_both_values() -> None:
    story = a_story()
    assert story.snapshot is not None
    status, total = OrderStatus.CANCELLED, Money("1.00")
    wrong = replace(story.snapshot, status=status, total_amount=total)
    assert [
        of("total_amount", Money("1.00").amount, story.snapshot.total_amount.amount),
        of("status", "cancelled", "confirmed"),
    ] == await differences(Story(ORDER_ID, wrong, story.events))


async def test_an_order_without_rows_is_told() -> None:
    story = a_story()
    assert [of("row", None, "confirmed")] == await differences(Story(ORDER_ID, None, story.events))


async def test_rows_without_events_are_told() -> None:
    [difference] = await differences(Story(ORDER_ID, a_story().snapshot, []))
    assert ("events", None) == (difference.field, difference.derived)
    assert "never placed" in difference.kept


async def test_events_that_are_missing_from_the_middle_are_told() -> None:
    [difference] = await differences(a_story(version=2))
    assert of("events", "versions 2, 3", "1 to 2") == difference


async def test_an_event_that_cannot_be_read_is_told_of_its_order_alone() -> None:
    broken = Story(ORDER_ID, None, [(1, b'{"type":"Placed"}')])
    found = await verify_orders(Stories(a_story(), broken, a_story()))
    assert (3, 1) == (found.checked, len(found.differences))
    assert "missing required field" in found.differences[0].kept


@dataclass(frozen=True)
class Account:
    product_id: str
    stock: int
    derived: int


class Accounts:
    def __init__(self, *accounts: StockAccount) -> None:
        self._accounts = accounts

    async def accounts(self) -> AsyncIterator[StockAccount]:
        for account in self._accounts:
            yield account


async def test_stock_that_is_not_what_the_movements_say_is_told() -> None:
    found = await verify_stock(Accounts(Account("tea", 5, 5), Account("salt", 4, 6)))
    wrong = Difference(id="salt", field="stock", kept=4, derived=6)
    assert Verification(checked=2, differences=(wrong,)) == found


async def test_stock_below_zero_is_told_also_where_the_movements_agree() -> None:
    found = await verify_stock(Accounts(Account("tea", -1, -1)))
    wrong = Difference(id="tea", field="stock", kept=-1, derived="never below 0")
    assert (wrong,) == found.differences


def test_people_see_what_is_kept_beside_what_is_derived() -> None:
    found = Verification(checked=9, differences=(of("status", "cancelled", "confirmed"),))
    out = printed(lambda console: show(found, console, what="orders"))
    assert f" {ORDER_ID}   status   cancelled   confirmed" in out.splitlines()


def test_people_are_told_that_all_is_well() -> None:
    found = Verification(checked=1234, differences=())
    assert "1,234 orders, each as it is derived" == printed(lambda c: show(found, c, what="orders"))


@pytest.mark.parametrize(
    ("command", "variable"),
    [("orders", "TRADEX_ORDERS_DATABASE_URL"), ("stock", "TRADEX_CATALOG_DATABASE_URL")],
)
def test_of_a_database_in_memory_there_is_nothing_to_verify(command: str, variable: str) -> None:
    status, out, err = invoke(command, "verify")
    assert (2, "") == (status, out)
    assert f"{variable}: `tradex {command} verify` works on a server's database" in err
    assert f"for example {variable}=" in err
