"""Everything that a stack tells and keeps, as bytes, by where it lies."""

import asyncio
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psycopg
from bson import encode
from psycopg import sql
from pymongo import MongoClient
from tests.builders.traces import Collector
from tests.services.deployment import POSTGRES
from tests.services.stack import Stack

_TABLES: Final = """
SELECT schemaname, tablename FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""
_MONGOS_OWN: Final = frozenset({"admin", "config", "local"})


async def media(stack: Stack, collector: Collector) -> dict[str, bytes]:
    """Return all that the stack tells and keeps."""
    return {
        "traces": b"".join(collector.raw),
        "metrics": await _metrics(stack),
        **await asyncio.to_thread(_kept, stack),
    }


def database_url(stack: Stack, name: str) -> str:
    """Return the URL of one database, for a superuser."""
    return urlsplit(stack.postgres.url)._replace(path=f"/{name}").geturl()


def _kept(stack: Stack) -> dict[str, bytes]:
    processes = (*stack.apps.values(), *stack.servers.values())
    logs = (each.process.log for each in processes)
    postgres = stack.folder / "postgres" / "data" / "pg_wal"
    return {
        "logs": _bytes_of(*logs),
        "Kafka's segments": _bytes_of(*stack.kafka.data.rglob("*.log")),
        "PostgreSQL's journal": _bytes_of(*(f for f in postgres.iterdir() if f.is_file())),
        "the catalog database": _mongo_dump(stack.mongo.url),
        **{f"the {name} database": _dump(database_url(stack, name)) for name in POSTGRES},
    }


async def _metrics(stack: Stack) -> bytes:
    internal = stack.settings["TRADEX_METRICS_PORT"]
    services = (app.url for app in stack.apps.values() if app.kind != "gateway")
    async with httpx.AsyncClient() as operator:
        pages = [
            (await operator.get(f"{url}/metrics")).raise_for_status().content
            for url in (*services, f"http://127.0.0.1:{internal}")
        ]
    return b"".join(pages)


def _bytes_of(*files: Path) -> bytes:
    """Return what files hold, but for the room at their ends that nothing was written to yet."""
    return b"\n".join(file.read_bytes().rstrip(b"\0") for file in files)


def _dump(url: str) -> bytes:
    """Return every row of every table, as COPY lays it out: bytes in hex."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        dumped = bytearray()
        for table in connection.execute(_TABLES).fetchall():
            copying = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(*table))
            with cursor.copy(copying) as rows:
                dumped += b"".join(bytes(row) for row in rows)
        return bytes(dumped)


def _mongo_dump(url: str) -> bytes:
    with MongoClient[dict[str, Any]](url) as client:
        databases = [client[name] for name in client.list_database_names()]
        return b"".join(
            encode(document)
            for database in databases
            if database.name not in _MONGOS_OWN
            for name in database.list_collection_names()
            for document in database[name].find()
        )
