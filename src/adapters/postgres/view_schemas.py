"""The schemas of a rebuild: new tables beside those that are read, and the swap of the two."""

from typing import Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from adapters.postgres.schema import GATEWAY, OPTIONAL_INDEXES, VIEW_TABLES

NEW: Final = "views_new"
OLD: Final = "views_old"

_PASSING_BY: Final = ("outbox", "parked_messages", "held_lanes")
"""What a replay publishes and parks stays beside the new tables, and goes with them."""

_GRANTS: Final = sa.text("""
SELECT format('GRANT %s ON %I.%I TO %s', granted.privilege_type, CAST(:new AS text), relname,
              CASE granted.grantee WHEN 0 THEN 'PUBLIC'
                                   ELSE quote_ident(pg_get_userbyid(granted.grantee)) END)
FROM pg_class, aclexplode(relacl) AS granted
WHERE relnamespace = CAST(:live AS regnamespace) AND relname = ANY(:tables)
""")
_DEFINITIONS: Final = sa.text(
    "SELECT indexdef FROM pg_indexes WHERE schemaname = :live AND indexname = ANY(:names)"
)


async def make_new(connection: AsyncConnection, *, live: str) -> None:
    """Make the new tables, empty, for whoever may use the live ones; their indexes come later.

    What an interrupted rebuild left behind goes first. The connection's path must be to NEW.
    """
    await drop_both(connection)
    await connection.execute(sa.text(f"CREATE SCHEMA {NEW}"))
    for name in VIEW_TABLES:
        await connection.execute(CreateTable(GATEWAY.tables[name]))
    passing_by = [GATEWAY.tables[name] for name in _PASSING_BY]
    await connection.run_sync(GATEWAY.create_all, tables=passing_by, checkfirst=False)
    given = {"new": NEW, "live": live, "tables": list(VIEW_TABLES)}
    for grant in (await connection.scalars(_GRANTS, given)).all():
        await connection.exec_driver_sql(grant)


async def index_new(connection: AsyncConnection, *, live: str) -> None:
    """Make the indexes of the new tables, which costs less once they are filled."""
    for name in VIEW_TABLES:
        for index in GATEWAY.tables[name].indexes:
            await connection.execute(CreateIndex(index))
    given = {"live": live, "names": list(OPTIONAL_INDEXES)}
    for definition in (await connection.scalars(_DEFINITIONS, given)).all():
        await connection.exec_driver_sql(definition.replace(f" ON {live}.", f" ON {NEW}."))


async def stop_projectors(connection: AsyncConnection, *, live: str) -> None:
    """Let no unit of work on the live views begin until this transaction ends.

    Each begins by reading how far its partitions were handled. Raises a lock's timeout.
    """
    await connection.execute(sa.text(f"LOCK TABLE {live}.view_positions IN ACCESS EXCLUSIVE MODE"))


async def swap(connection: AsyncConnection, *, live: str) -> None:
    """Put the new tables in the place of the live ones; readers wait, and then read the new ones.

    Raises a lock's timeout where somebody reads for long.
    """
    tables = ", ".join(f"{live}.{name}" for name in VIEW_TABLES)
    await connection.execute(sa.text(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE"))
    await connection.execute(sa.text(f"CREATE SCHEMA {OLD}"))
    for name in VIEW_TABLES:
        await connection.execute(sa.text(f"ALTER TABLE {live}.{name} SET SCHEMA {OLD}"))
        await connection.execute(sa.text(f"ALTER TABLE {NEW}.{name} SET SCHEMA {live}"))


async def drop_both(connection: AsyncConnection) -> None:
    """Drop what a rebuild made and what it replaced."""
    await connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {NEW}, {OLD} CASCADE"))
