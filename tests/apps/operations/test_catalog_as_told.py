"""A catalogue that was lost comes to what its topics tell, in whatever order clocks put it."""

import pytest
from msgspec import Raw
from msgspec.structs import asdict, replace
from tests.builders.machines import NOW
from tests.builders.messages import an_event, signed
from tests.builders.products import (
    MUG,
    ORDER_ID,
    SELLER,
    SELLER_ID,
    TEA,
    a_line,
    adjust_command,
    create_product_command,
    order_created,
    order_updated,
    update_command,
)
from tests.builders.replays import ServiceLog, at

from adapters.memory.database import MemoryDatabase
from adapters.memory.products import products_database
from apps.operations.replaying import Missing, Replayed
from tradex_core.errors import Kind
from tradex_core.events import codec, topics
from tradex_core.events.fields import Command, Event
from tradex_core.events.order import OrderLine
from tradex_core.events.product import ProductCreated, ProductUpdated
from tradex_core.events.reply import CommandReplied, OutcomeStatus, ReplyError
from tradex_core.events.stock import (
    RejectedLine,
    RejectionReason,
    StockOperation,
    StockRejected,
    StockReserved,
    StockUpdated,
)
from tradex_core.ids import ProductId
from tradex_core.money import Money
from tradex_core.products.movement import MovementState, MovementStatus
from tradex_core.products.ports import MOVEMENTS, PRODUCTS
from tradex_core.products.product import Product, ProductState

OTHER_ORDER_ID = "018d0c1e-8a00-7000-8000-00000000000d"


class Shop:
    """The catalogue's part of a log, and the database into which it is replayed."""

    def __init__(self, log: ServiceLog) -> None:
        self.log = log
        self.database: MemoryDatabase = products_database(log.clock)

    async def asks(self, command: Command, message_id: str) -> None:
        """Publish what a seller asks."""
        await self.log.broker.publish([signed(command, message_id, actor=SELLER)])

    async def tells(self, cause: str, *events: Event, when: float) -> None:
        """Publish what the catalogue made of a message, by the clock of the process that did."""
        await self.log.answers(cause, *events, source="catalog", at=at(when))

    async def creates(self, product_id: ProductId = TEA, *, stock: int = 1) -> None:
        """Publish that a product was asked for, and is there."""
        command = replace(
            create_product_command(sku=product_id, stock=stock), product_id=product_id
        )
        await self.asks(command, f"create {product_id}")
        await self.tells(f"create {product_id}", created(product_id, stock), when=0)

    async def adjusts(self, by: int, message_id: str, *, told: StockUpdated, when: float) -> None:
        """Publish that a product's stock was to move, and moved."""
        way = StockOperation.INCREASE if by > 0 else StockOperation.DECREASE
        await self.asks(adjust_command(way, abs(by)), message_id)
        await self.tells(message_id, told, when=when)

    async def places(self, order_id: str, *lines: OrderLine) -> str:
        """Publish that an order was placed; return the message's id."""
        event = order_created(*(lines or (a_line(),)), order_id=order_id)
        await self.log.broker.publish([an_event(event, f"placed {order_id}")])
        return f"placed {order_id}"

    async def cancels(self, order_id: str) -> str:
        """Publish that an order was cancelled; return the message's id."""
        event = order_updated(order_id=order_id)
        await self.log.broker.publish([an_event(event, f"cancelled {order_id}")])
        return f"cancelled {order_id}"

    async def replay(self) -> Replayed:
        """Replay into the database."""
        return await self.log.replay("catalog", self.database)

    def product(self, product_id: ProductId = TEA) -> tuple[int, int]:
        """Return a product's version and stock."""
        state: ProductState = self.database.read(PRODUCTS, product_id)
        return state.version, state.stock

    def movement(self, order_id: str) -> MovementStatus:
        """Return what has become of an order's reservation."""
        state: MovementState = self.database.read(MOVEMENTS, order_id)
        return state.status


@pytest.fixture
async def shop() -> Shop:
    return Shop(await ServiceLog.empty())


def created(product_id: ProductId, stock: int) -> ProductCreated:
    product = Product.create(
        create_product_command(sku=product_id, stock=stock),
        product_id=product_id,
        seller_id=SELLER_ID,
        at=NOW,
    )
    return ProductCreated(**asdict(product.state))


def moved(version: int, stock: int, *, by: int = -1, product_id: ProductId = TEA) -> StockUpdated:
    way = StockOperation.INCREASE if by > 0 else StockOperation.DECREASE
    return StockUpdated(product_id, abs(by), way, NOW, stock, version)


def rejected(order_id: str) -> StockRejected:
    line = RejectedLine(TEA, 1, 0, Money("9.99"))
    return StockRejected(order_id, RejectionReason.INSUFFICIENT_STOCK, (line,), NOW)


async def test_the_last_piece_goes_to_whom_it_went(shop: Shop) -> None:
    """By the clocks, the one that was refused it came first."""
    await shop.creates(stock=1)
    refused, held = await shop.places(OTHER_ORDER_ID), await shop.places(ORDER_ID)
    await shop.tells(refused, rejected(OTHER_ORDER_ID), when=1)
    await shop.tells(held, moved(2, 0), StockReserved(ORDER_ID, NOW), when=2)
    for published in (1, 0):  # the reply to the creation
        report = await shop.replay()
        assert (2, 0) == shop.product()
        assert MovementStatus.HELD is shop.movement(ORDER_ID)
        assert MovementStatus.REJECTED is shop.movement(OTHER_ORDER_ID)
        assert (3, published) == (report.messages, report.published)


async def test_changes_come_in_the_order_of_their_numbers(shop: Shop) -> None:
    """By the clocks, more was taken out than there was."""
    await shop.creates(stock=1)
    await shop.adjusts(-6, "out", told=moved(3, 0, by=-6), when=1)
    await shop.adjusts(5, "in", told=moved(2, 6, by=5), when=2)
    await shop.replay()
    assert (3, 0) == shop.product()


async def test_what_was_told_in_part_is_told_whole_and_comes_last(shop: Shop) -> None:
    """The relay had got as far as the first line of one order, and then all was lost."""
    await shop.creates(TEA, stock=5)
    await shop.creates(MUG, stock=5)
    both = await shop.places(ORDER_ID, a_line(TEA), a_line(MUG))
    await shop.tells(both, moved(2, 4), when=1)
    other = await shop.places(OTHER_ORDER_ID, a_line(MUG))
    told = moved(2, 4, product_id=MUG), StockReserved(OTHER_ORDER_ID, NOW)
    await shop.tells(other, *told, when=2)
    await shop.replay()
    moves = await shop.log.records(topics.STOCK_UPDATED)
    mugs = [
        codec.decode(each.value or b"", StockUpdated) for each in moves if each.key == MUG.encode()
    ]
    assert [(2, 4), (3, 3)] == [(each.version, each.stock) for each in mugs]
    assert (3, 3) == shop.product(MUG)
    assert [OTHER_ORDER_ID, ORDER_ID] == [
        codec.decode(each.value or b"", StockReserved).order_id
        for each in sorted(
            await shop.log.records(topics.STOCK_RESERVED), key=lambda each: each.timestamp
        )
    ]


async def test_a_cancellation_that_came_first_does_so_again(shop: Shop) -> None:
    """Nothing came of either, and nothing was ever held."""
    await shop.creates()
    await shop.places(ORDER_ID)
    await shop.cancels(ORDER_ID)
    report = await shop.replay()
    assert (1, 1) == shop.product()
    assert MovementStatus.RELEASED is shop.movement(ORDER_ID)
    assert 1 == report.published, "the reply to the creation"


async def test_what_was_held_is_given_back_once(shop: Shop) -> None:
    await shop.creates()
    placed, cancelled = await shop.places(ORDER_ID), await shop.cancels(ORDER_ID)
    await shop.tells(placed, moved(2, 0), StockReserved(ORDER_ID, NOW), when=2)
    await shop.tells(cancelled, moved(3, 1, by=1), when=1)
    report = await shop.replay()
    assert (3, 1) == shop.product()
    assert MovementStatus.RELEASED is shop.movement(ORDER_ID)
    assert 1 == report.published, "the reply to the creation"


async def test_what_changed_nothing_changes_nothing_though_it_comes_at_another_time(
    shop: Shop,
) -> None:
    """The price was 5 already when it was set to 5, and is 6 now; by the clocks it was 9.99."""
    await shop.creates()
    for price, message_id in ((5, "first"), (5, "again"), (6, "later")):
        await shop.asks(update_command(price=Money(price)), message_id)
    for version, price, message_id in ((2, 5, "first"), (3, 6, "later")):
        document = replace(created(TEA, 1), version=version, price=Money(price))
        await shop.tells(message_id, ProductUpdated(**asdict(document)), when=version)
    shown = Raw(codec.encode(replace(created(TEA, 1), version=2, price=Money(5))))
    done = CommandReplied("again", "UPDATE_PRODUCT", OutcomeStatus.SUCCEEDED, NOW, shown)
    await shop.tells("again", done, when=1)
    await shop.replay()
    state: ProductState = shop.database.read(PRODUCTS, TEA)
    assert (3, Money(6)) == (state.version, state.price)
    assert 2 == len(await shop.log.records(topics.PRODUCT_UPDATED))


async def test_what_was_refused_is_refused_though_it_could_be_done_now(shop: Shop) -> None:
    await shop.creates(stock=1)
    await shop.asks(adjust_command(StockOperation.DECREASE, 2), "refused")
    error = ReplyError(Kind.CONFLICT, "insufficient_stock", "There is not so much in stock", "")
    failed = CommandReplied("refused", "ADJUST_STOCK", OutcomeStatus.FAILED, NOW, error=error)
    await shop.tells("refused", failed, when=3)
    await shop.adjusts(5, "in", told=moved(2, 6, by=5), when=2)
    await shop.replay()
    assert (2, 6) == shop.product()


async def test_a_change_before_which_one_is_missing_is_told_and_not_made(shop: Shop) -> None:
    await shop.creates(stock=1)
    await shop.adjusts(2, "in", told=moved(3, 9, by=2), when=1)
    with pytest.raises(Missing, match=rf"this would be change 2 of product {TEA}, and was 3; "):
        await shop.replay()
    assert (1, 1) == shop.product()
