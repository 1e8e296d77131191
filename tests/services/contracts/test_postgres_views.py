from collections.abc import AsyncIterator

import pytest
from tests.builders.machines import FakeClock
from tests.builders.views import kept_under
from tests.contracts.idempotency import IdempotencyContract
from tests.contracts.view_lists import Store
from tests.contracts.views import ViewQueriesContract

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.idempotency import PostgresIdempotencyRecords
from adapters.postgres.view_unit import ViewsUnitOfWork, views_database
from adapters.postgres.views import PostgresViews
from tradex_core.operations.idempotency import IdempotencyRecords
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS, View


async def commit(database: PostgresDatabase, *views: View) -> None:
    async with ViewsUnitOfWork(database) as unit:
        await unit.load([kept_under(view) for view in views])
        sets = {
            PRODUCT_VIEWS: unit.product_views,
            ORDER_VIEWS: unit.order_views,
            USER_VIEWS: unit.user_views,
            OPERATION_VIEWS: unit.operation_views,
        }
        for view in views:
            sets[kept_under(view)[0]].put(view)  # type: ignore[attr-defined]
        await unit.commit()


@pytest.fixture
async def database(gateway_url: str) -> AsyncIterator[PostgresDatabase]:
    database = views_database(gateway_url, FakeClock())
    yield database
    await database.close()


class TestPostgresViews(ViewQueriesContract):
    @pytest.fixture
    def queries(self, database: PostgresDatabase) -> PostgresViews:
        return PostgresViews(database)

    @pytest.fixture
    def store(self, database: PostgresDatabase) -> Store:
        async def store(*views: View) -> None:
            await commit(database, *views)

        return store


class TestPostgresIdempotencyRecords(IdempotencyContract):
    @pytest.fixture
    async def records(self, database: PostgresDatabase) -> IdempotencyRecords:
        return PostgresIdempotencyRecords(database)
