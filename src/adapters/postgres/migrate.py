"""Brings a service's database to the tables that the code wants: one history a service (Alembic).

The histories are packages beside this one; `tradex db upgrade` runs them, and nothing else does.
A revision called `orders_0003_from_0002` keeps serving all code that needs `orders_0002` or later;
one without `_from_` serves its own and later code only.
"""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from adapters.postgres import schema
from adapters.postgres.errors import Unprepared, translated

T = TypeVar("T")

METADATA: Final = {"auth": schema.AUTH, "orders": schema.ORDERS, "gateway": schema.GATEWAY}
"""The services whose databases are here, and the tables of each."""

_SCRIPTS: Final = Path(__file__).parent / "migrations"
_LOCK: Final = 6_073_283_412_201_907
"""The advisory lock that one upgrade at a time holds."""
_NAME: Final = re.compile(r"(?P<service>[a-z]+)_(?P<number>\d{4})(?:_from_(?P<oldest>\d{4}))?")


async def upgrade(url: str, service: str, *, to: str = "head") -> tuple[str | None, str | None]:
    """Run what is missing, in one transaction; return the revision before and after.

    Running it again changes nothing, and of two at once one waits. Raises Outage, and Unprepared
    where the database is another service's, or a newer release's.
    """
    return await asyncio.to_thread(_run, url, lambda c: _upgrade(c, service, to))


async def downgrade(url: str, service: str, *, to: str = "base") -> None:
    """Undo migrations down to a revision; their tables' data is gone. Raises Outage."""
    await asyncio.to_thread(_run, url, lambda c: _downgrade(c, service, to))


async def problem(url: str, service: str) -> str | None:
    """Return what is wrong with a database's tables and the remedy; None where nothing is.

    A newer release's tables that still serve this one are right. Raises Outage.
    """
    at = await asyncio.to_thread(_run, url, _revision)
    head = _head(service)
    if at == head or _still_serves(service, at):
        return None
    remedy = f"{head} is needed: run `tradex db upgrade {service}`"
    return _stranger(service, at) or f"the {service} database is at {_named(at)}, and {remedy}"


async def drift(url: str, service: str) -> list[str]:
    """Return how a database's tables differ from what the code wants; a newer release's may.

    Raises Outage.
    """

    def compare(connection: sa.Connection) -> list[str]:
        if _still_serves(service, _revision(connection)):
            return []
        opts = {"compare_type": True, "include_name": _is_wanted}
        context = MigrationContext.configure(connection, opts=opts)
        return [str(each) for each in compare_metadata(context, METADATA[service])]

    return await asyncio.to_thread(_run, url, compare)


def _is_wanted(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "index" or name not in schema.OPTIONAL_INDEXES


def _run(url: str, work: Callable[[sa.Connection], T]) -> T:
    parts = sa.make_url(url)
    engine = sa.create_engine(
        parts.set(drivername="postgresql+psycopg"),
        poolclass=sa.NullPool,
        connect_args={"connect_timeout": 5, "application_name": "tradex db"},
    )
    with translated(f"PostgreSQL {parts.host}:{parts.port or 5432}/{parts.database}"):
        try:
            with engine.begin() as connection:
                return work(connection)
        finally:
            engine.dispose()


def _upgrade(connection: sa.Connection, service: str, to: str) -> tuple[str | None, str | None]:
    before = _locked(connection, service)
    command.upgrade(_config(service, connection), to)
    return before, _revision(connection)


def _downgrade(connection: sa.Connection, service: str, to: str) -> None:
    _locked(connection, service)
    command.downgrade(_config(service, connection), to)


def _locked(connection: sa.Connection, service: str) -> str | None:
    """Wait until nobody else migrates, and return the revision; raises Unprepared."""
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:name)"), {"name": _LOCK})
    at = _revision(connection)
    stranger = _stranger(service, at)
    if stranger is not None:
        raise Unprepared(stranger)
    return at


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _stranger(service: str, at: str | None) -> str | None:
    """Return what is to be said of a revision that is none of the service's; None of its own."""
    if at is None or at in {each.revision for each in _directory(service).walk_revisions()}:
        return None
    if at.startswith(f"{service}_"):
        return f"the {service} database is at revision {at}, which a newer release made: run that"
    return f"the database is not {service}'s but at revision {at}: give {service} one of its own"


def _still_serves(service: str, at: str | None) -> bool:
    """Whether a revision that only a newer release knows serves this release's code."""
    found, ours = _NAME.fullmatch(at or ""), _NAME.fullmatch(_head(service))
    if _stranger(service, at) is None or not found or not ours or found["service"] != service:
        return False
    return found["oldest"] is not None and found["oldest"] <= ours["number"]


def _head(service: str) -> str:
    return _directory(service).get_current_head() or ""


def _directory(service: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(service))


def _config(service: str, connection: sa.Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("version_locations", str(_SCRIPTS / service))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _named(revision: str | None) -> str:
    return "no revision" if revision is None else f"revision {revision}"
