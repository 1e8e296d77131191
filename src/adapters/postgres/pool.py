"""A pool of connections that tells how it is used."""

from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import AsyncAdaptedQueuePool, PoolProxiedConnection


class PoolUse(NamedTuple):
    """How many connections there may be, how many are in use, and how many tasks wait for one."""

    size: int
    in_use: int
    waiting: int


class CountingPool(AsyncAdaptedQueuePool):
    """Counts who waits for a connection, or for one to be made."""

    waiting = 0

    def connect(self) -> PoolProxiedConnection:
        """Take a connection, as every pool does."""
        self.waiting += 1
        try:
            return super().connect()
        finally:
            self.waiting -= 1


def use_of(engine: AsyncEngine) -> PoolUse:
    """Return how the pool of an engine is used now; raises TypeError where it does not count."""
    pool = engine.pool
    if not isinstance(pool, CountingPool):
        msg = f"{type(pool).__name__} does not count who waits"
        raise TypeError(msg)
    return PoolUse(pool.size(), pool.checkedout(), pool.waiting)
