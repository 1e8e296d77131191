"""Where the real servers are that these tests are about: what the environment names."""

import asyncio
import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest


def _address(variable: str, server: str) -> str:
    address = os.environ.get(variable)
    if not address:
        pytest.skip(f"no {server}: {variable} names none")
    return address


@pytest.fixture(scope="session")
def kafka() -> str:
    """The real broker's address, as `host:port`."""
    return _address("TRADEX_TEST_KAFKA", "Kafka")


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of a superuser's database on the real PostgreSQL server."""
    return _address("TRADEX_TEST_POSTGRES", "PostgreSQL")


@pytest.fixture
async def postgres_url(postgres_server: str) -> AsyncIterator[str]:
    """The URL of an empty database that only this test has."""
    name = f"test_{uuid4().hex}"
    await asyncio.to_thread(_execute, postgres_server, f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(postgres_server)._replace(path=f"/{name}"))
    await asyncio.to_thread(_execute, postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


def _execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def mongo_url() -> str:
    """The URL of an empty database that only this test has, on a MongoDB-wire server."""
    parts = urlsplit(_address("TRADEX_TEST_MONGO", "MongoDB-wire server"))
    return urlunsplit(parts._replace(path=f"/test_{uuid4().hex}"))
