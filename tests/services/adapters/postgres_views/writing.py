"""How tests write views to PostgreSQL: as the projector does, in one unit of work."""

from typing import Any

from tests.builders.views import kept_under

from adapters.postgres.view_unit import ViewsDatabase, ViewsUnitOfWork
from tradex_core.views.ports import OPERATION_VIEWS, ORDER_VIEWS, PRODUCT_VIEWS, USER_VIEWS, View


async def commit(database: ViewsDatabase, *views: View) -> None:
    """Commit views, each in place of the former of its id."""
    async with ViewsUnitOfWork(database) as unit:
        await unit.load([kept_under(view) for view in views])
        sets: dict[str, Any] = {
            PRODUCT_VIEWS: unit.product_views,
            ORDER_VIEWS: unit.order_views,
            USER_VIEWS: unit.user_views,
            OPERATION_VIEWS: unit.operation_views,
        }
        for view in views:
            sets[kept_under(view)[0]].put(view)
        await unit.commit()
