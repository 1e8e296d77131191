from collections.abc import AsyncIterator

import pytest
from tests.builders.machines import FakeClock
from tests.contracts.view_lists import Store
from tests.contracts.views import ViewQueriesContract
from tests.services.adapters.postgres_views.writing import commit

from adapters.postgres.view_unit import ViewsDatabase
from adapters.postgres.views import PostgresViews
from tradex_core.views.ports import View


@pytest.fixture
async def database(gateway_url: str) -> AsyncIterator[ViewsDatabase]:
    database = ViewsDatabase(gateway_url, FakeClock())
    yield database
    await database.close()


class TestPostgresViews(ViewQueriesContract):
    @pytest.fixture
    def queries(self, database: ViewsDatabase) -> PostgresViews:
        return database.views

    @pytest.fixture
    def store(self, database: ViewsDatabase) -> Store:
        async def store(*views: View) -> None:
            await commit(database, *views)

        return store
