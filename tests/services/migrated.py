"""Databases with a service's tables: made once a run, emptied for each test.

Making or copying a database waits for the disk a hundred times as long as emptying one.
"""

import asyncio
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg

from adapters.postgres import migrate

_EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables
                WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
END $$;
"""


class Migrated:
    """The databases of one run of tests, which has them to itself."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._urls: dict[str, str] = {}

    async def empty(self, service: str) -> str:
        """Return the URL of the service's database, without a row and with nobody connected."""
        if service not in self._urls:
            self._urls[service] = await self._make(service)
        await asyncio.to_thread(_execute, self._urls[service], _EMPTY)
        return self._urls[service]

    def drop(self) -> None:
        """Drop the databases."""
        for url in self._urls.values():
            _execute(self._server, f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')

    async def _make(self, service: str) -> str:
        name = f"test_{service}_{uuid4().hex}"
        await asyncio.to_thread(_execute, self._server, f'CREATE DATABASE "{name}"')
        url = urlunsplit(urlsplit(self._server)._replace(path=f"/{name}"))
        await migrate.upgrade(url, service)
        return url


def _execute(url: str, statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statements.encode())
