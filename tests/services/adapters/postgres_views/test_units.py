"""The projector's units of work: views and positions at once, whoever else is at them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace
from tests.builders.machines import FakeClock
from tests.builders.messages import an_event, lying
from tests.builders.views import (
    PRODUCT_ID,
    a_product_view,
    an_operation_view,
    an_order_view,
    kept_under,
    product_created,
    stock_updated,
)
from tests.contracts.store_harness import Given
from tests.services.adapters.postgres_views.projecting import Projector, a_shop, dispatcher_of
from tests.services.adapters.postgres_views.writing import commit
from tests.services.conftest import execute

from adapters.memory.broker import MemoryBroker
from adapters.postgres.errors import Unstorable
from adapters.postgres.view_unit import ViewsDatabase, ViewsUnitOfWork
from tradex_core.errors import Outage, StoreConflict
from tradex_core.events.order import OrderStatus
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Record
from tradex_core.views.listing import OrderFilter, ProductFilter
from tradex_core.views.operation_view import OperationView


@pytest.fixture
async def other(gateway_url: str, clock: FakeClock) -> AsyncIterator[ViewsDatabase]:
    """Return the same views as another projector has them."""
    database = ViewsDatabase(gateway_url, clock)
    yield database
    await database.close()


def created(offset: int = 0) -> Record:
    return lying(an_event(product_created(), "created"), offset=offset)


def restocked(version: int, *, offset: int = 0) -> Record:
    return lying(an_event(stock_updated(version, stock=version), f"{version}"), offset=offset)


async def test_views_and_positions_are_true_at_once(
    database: ViewsDatabase, broker: MemoryBroker
) -> None:
    await dispatcher_of(database, broker).handle([created(offset=4), restocked(2, offset=7)])

    product = await database.views.product(PRODUCT_ID)
    assert product is not None
    assert 2 == product.stock
    assert {("product.created", 0): 5, ("stock.updated", 0): 8} == await database.positions()


async def test_without_a_commit_neither_is(database: ViewsDatabase) -> None:
    view = a_product_view()
    async with ViewsUnitOfWork(database) as unit:
        await unit.load([kept_under(view)])
        unit.product_views.put(view)

    assert await database.views.product(view.product_id) is None
    assert {} == await database.positions()


async def test_a_record_that_comes_again_changes_nothing(
    database: ViewsDatabase, broker: MemoryBroker
) -> None:
    dispatcher = dispatcher_of(database, broker)
    await dispatcher.handle([restocked(2, offset=1)])
    await dispatcher.handle([restocked(3, offset=0), restocked(4, offset=1)])

    assert {("stock.updated", 0): 2} == await database.positions()
    await dispatcher.handle([created()])
    product = await database.views.product(PRODUCT_ID)
    assert product is not None
    assert 2 == product.stock


async def test_of_two_projectors_on_one_partition_the_later_one_has_to_look_again(
    database: ViewsDatabase, other: ViewsDatabase, broker: MemoryBroker
) -> None:
    await dispatcher_of(database, broker).handle([restocked(2, offset=0)])
    view = a_product_view(9)
    for first in (0, 1):
        async with ViewsUnitOfWork(other) as late:
            delivery = Given(restocked(2, offset=first), MessageId("late"))
            await late.handled([delivery])
            await dispatcher_of(database, broker).handle([restocked(3, offset=first + 1)])
            await late.load([kept_under(view)])
            late.product_views.put(view)
            late.record(delivery, ())
            with pytest.raises(StoreConflict):
                await late.commit()

    assert await database.views.product(view.product_id) is None


async def test_projectors_of_several_topics_meet_at_a_view_and_both_change_it(
    database: ViewsDatabase, other: ViewsDatabase, broker: MemoryBroker
) -> None:
    """Each makes the view where it is missing, and neither forgets what the other told."""
    for number in range(20):
        product_id = f"product {number}"
        made = replace(product_created(), product_id=product_id)
        sold = replace(stock_updated(2, stock=7), product_id=product_id)
        first = lying(an_event(made, "made"), offset=number)
        second = lying(an_event(sold, "sold"), offset=number)
        await asyncio.gather(
            dispatcher_of(database, broker).handle([first]),
            dispatcher_of(other, broker).handle([second]),
        )
        product = await database.views.product(product_id)
        assert product is not None
        assert (7, "Chai") == (product.stock, product.name)


async def test_several_projectors_make_of_a_log_what_one_makes(
    database: ViewsDatabase, other: ViewsDatabase, broker: MemoryBroker
) -> None:
    await broker.publish(a_shop(0, 40))
    ends = await Projector(database, broker).ends()
    halves = [[place for place in ends if place[1] % 2 == odd] for odd in (0, 1)]

    async def handle(projected: ViewsDatabase, topic: str, partition: int) -> None:
        records = await broker.read(topic, partition, start=0, limit=500)
        await dispatcher_of(projected, broker).handle(records)

    async with asyncio.TaskGroup() as tasks:
        for projected, places in ((database, halves[0]), (other, halves[1])):
            for place in places:
                tasks.create_task(handle(projected, *place))

    assert ends == await database.positions()
    products = await database.views.products(ProductFilter(), after=None, limit=100)
    orders = await database.views.orders(OrderFilter(), after=None, limit=100)
    assert [8] * 40 == [product.stock for product in products.items]
    assert [OrderStatus.CONFIRMED] * 40 == [order.status for order in orders.items]


async def test_an_outcome_is_kept_for_a_week_and_then_makes_room_for_others(
    database: ViewsDatabase, clock: FakeClock
) -> None:
    def outcome(operation_id: str) -> OperationView:
        completed = an_operation_view()
        return replace(completed, operation_id=operation_id, completed_at=clock.now())

    first = outcome("first")
    await commit(database, first)
    clock.advance(days=7)
    await commit(database, outcome("second"))
    assert first == await database.views.operation("first")

    clock.advance(minutes=1)
    await commit(database, outcome("third"))
    assert await database.views.operation("first") is None
    assert await database.views.operation("second") is not None


async def test_an_outcome_that_comes_after_a_week_is_not_kept(database: ViewsDatabase) -> None:
    old = an_operation_view()
    at = old.completed_at - timedelta(days=8)
    await commit(database, replace(old, completed_at=at))

    assert await database.views.operation(old.operation_id) is None


async def test_a_seller_of_a_stub_finds_the_order_once_it_is_shown(
    database: ViewsDatabase,
) -> None:
    order = an_order_view(1, sellers=("one", "another"))
    await commit(database, replace(order, is_shown=False, sellers=("one",)))
    await commit(database, order)

    for seller in order.sellers:
        page = await database.views.orders(OrderFilter(seller=seller), after=None, limit=9)
        assert (order,) == page.items


@pytest.mark.parametrize(
    "view",
    [
        a_product_view(name="Ch\0ai"),
        a_product_view(category="x" * 10_000 + "".join(map(chr, range(0x4E00, 0x7E00)))),
        replace(a_product_view(), product_id="\0"),
    ],
    ids=["NUL in a name", "a category too long for an index", "NUL in an id"],
)
async def test_what_the_server_takes_in_no_way_is_hopeless(
    database: ViewsDatabase, view: object
) -> None:
    with pytest.raises(Unstorable):
        await commit(database, view)  # type: ignore[arg-type]


async def test_a_poisoned_event_becomes_a_dead_letter_and_holds_nothing_up(
    database: ViewsDatabase, broker: MemoryBroker
) -> None:
    poison = lying(an_event(replace(product_created(), name="\0"), "poison"), offset=0)
    await dispatcher_of(database, broker).handle([poison, restocked(2), created(offset=1)])

    assert 1 == await database.outbox.count()
    assert 0 == await database.parking.count()
    product = await database.views.product(PRODUCT_ID)
    assert product is not None
    assert 2 == product.stock


async def test_a_server_that_is_away_is_an_outage() -> None:
    nowhere = ViewsDatabase("postgresql://nobody@127.0.0.1:1/nothing", FakeClock())
    with pytest.raises(Outage, match=r"127\.0\.0\.1:1/nothing"):
        await nowhere.views.product(PRODUCT_ID)
    with pytest.raises(Outage):
        await nowhere.views.orders(OrderFilter(), after=None, limit=1)
    with pytest.raises(Outage):
        await nowhere.positions()
    await nowhere.close()


async def test_connections_that_were_cut_are_made_anew(
    database: ViewsDatabase, gateway_url: str
) -> None:
    view = a_product_view()
    await commit(database, view)
    views = database.views
    others = "datname = current_database() AND pid <> pg_backend_pid()"
    for _ in range(3):
        await asyncio.gather(*(views.orders(OrderFilter(), after=None, limit=1) for _ in range(5)))
        execute(
            gateway_url,
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}",  # noqa: S608
        )
        with suppress(Outage):  # the first one may be asked while the connection is being cut
            await views.product(view.product_id)
        for _ in range(5):
            assert view == await views.product(view.product_id)
            await commit(database, view)


async def test_what_is_asked_for_at_once_is_answered_each_with_its_own(
    database: ViewsDatabase,
) -> None:
    products = [a_product_view(number) for number in range(30)]
    await commit(database, *products)
    ids = [view.product_id for view in products]

    found = await asyncio.gather(*map(database.views.product, [*ids, "unknown"]))
    assert [*products, None] == found
