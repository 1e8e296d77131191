"""A service's database on PostgreSQL: its pool of connections, and what its units share."""

import select
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from adapters.postgres.errors import translated
from adapters.postgres.inbox import PostgresInbox
from adapters.postgres.outbox import PostgresOutbox
from adapters.postgres.parking import PostgresParking
from adapters.postgres.pool import CountingPool, PoolUse, use_of
from adapters.postgres.tables import TableOf
from tradex_core.clock import Clock
from tradex_core.messaging.workspace import Collection

_USED: Final = "was used"


@dataclass(frozen=True, kw_only=True)
class PoolSettings:
    """How many connections a process holds at most, and for how long anything may take.

    A transaction may stand still for as long as the relay waits for the broker's answer.
    """

    size: int = 10
    acquire: timedelta = timedelta(seconds=10)
    connect: timedelta = timedelta(seconds=5)
    statement: timedelta = timedelta(seconds=30)
    lock: timedelta = timedelta(seconds=10)
    idle_in_transaction: timedelta = timedelta(seconds=60)


class PostgresDatabase:
    """A database, its outbox and its parking; nothing connects before the first question.

    `tables` says where each collection is kept. Every method that asks raises Outage.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        collections: Mapping[str, Collection],
        tables: Mapping[str, TableOf],
        pool: PoolSettings = PoolSettings(),
        application: str = "tradex",
        schema: str = "public",
    ) -> None:
        self.clock = clock
        self.collections = collections
        self.tables = tables
        parts = sa.make_url(url)
        self.name = f"PostgreSQL {parts.host}:{parts.port or 5432}/{parts.database}"
        self.engine = create_async_engine(
            parts.set(drivername="postgresql+psycopg"),
            poolclass=CountingPool,
            pool_size=pool.size,
            max_overflow=0,
            pool_timeout=pool.acquire.total_seconds(),
            connect_args=_connect_arguments(pool, application, schema),
        )
        sa.event.listen(self.engine.sync_engine, "checkout", _discard_the_dead)
        self.inbox = PostgresInbox(clock)
        self.outbox = PostgresOutbox(self)
        self.parking = PostgresParking(self)

    @property
    def pool(self) -> PoolUse:
        """How its connections are used now."""
        return use_of(self.engine)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Run statements in one transaction, committed at the end; raises Outage."""
        with translated(self.name):
            async with self.engine.begin() as connection:
                yield connection

    async def connect(self) -> AsyncConnection:
        """Take a connection out of the pool and begin a transaction on it; raises Outage.

        Whoever takes it commits, and gives it back.
        """
        with translated(self.name):
            connection = await self.engine.connect().start()
            # What goes to the driver directly begins no transaction that SQLAlchemy would commit.
            await connection.begin()
            return connection

    async def give_back(self, connection: AsyncConnection) -> None:
        """Let the pool have a connection again; what was not committed did not happen.

        That the connection broke changes nothing about that.
        """
        with suppress(sa.exc.DBAPIError):
            await connection.close()

    async def ping(self) -> None:
        """Ask the server for nothing; raises Outage, which says who is away and why."""
        async with self.transaction() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def open(self) -> None:
        """Connect once, so that a wrong address shows at start; raises Outage."""
        await self.ping()

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def _discard_the_dead(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:  # noqa: ANN401
    """Let the pool connect anew where the server went away meanwhile; that costs no question.

    On an idle connection nothing comes but its end. One that ends as soon as it is made is left to
    whoever asks over it: SQLAlchemy makes one more, and then raises what tells of no outage.
    """
    driver = connection.driver_connection
    if _USED not in record.info:
        record.info[_USED] = True
    elif driver.closed or _has_news(driver.fileno()):
        raise sa.exc.InvalidatePoolError


def _has_news(socket: int) -> bool:
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))


def _connect_arguments(pool: PoolSettings, application: str, schema: str) -> dict[str, Any]:
    settings = [
        f"search_path={schema}",
        "timezone=UTC",
        # Units of work see what others committed while they waited for a lock.
        r"default_transaction_isolation=read\ committed",
        # A plan that is kept since its table was empty would read all of it, again and again, once
        # it is not. All that is asked here has an index, and is too short to be compiled.
        "enable_seqscan=off",
        "jit=off",
    ]
    timeouts = {
        "statement_timeout": pool.statement,
        "lock_timeout": pool.lock,
        "idle_in_transaction_session_timeout": pool.idle_in_transaction,
    }
    settings += [f"{name}={each // timedelta(milliseconds=1)}" for name, each in timeouts.items()]
    return {
        "application_name": application,
        "connect_timeout": max(1, round(pool.connect.total_seconds())),
        "options": " ".join(f"-c {setting}" for setting in settings),
        # A server that is gone without a word is noticed while nothing is asked of it.
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 20_000,
    }
