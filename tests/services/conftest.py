"""The real servers that these tests are about: what the environment names, or started here.

One start a run, however many workers it has. What cannot be had is skipped by name; where CI is
set, everything must be had.
"""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from tests.services.servers.kafka import Kafka
from tests.services.servers.mongo import Mongo
from tests.services.servers.postgres import Postgres
from tests.services.servers.process import NotReady, Unavailable
from tests.services.servers.server import Server, temporary_folder
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

KAFKA: Final = "TRADEX_TEST_KAFKA"
POSTGRES: Final = "TRADEX_TEST_POSTGRES"
MONGO: Final = "TRADEX_TEST_MONGO"
_MISSING: Final = "_MISSING"
_WITH_A_STACK: Final = tuple(
    f"tests/services/{folder}/"
    for folder in ("observability", "apps", "runbooks", "strangers", "secured")
)
_LONGEST_FIRST: Final = (
    "tests/services/faults/test_schedule.py",
    *("tests/services/apps/", "tests/services/runbooks/", "tests/services/faults/test_points.py"),
    *_WITH_A_STACK,
    *("tests/services/test_launching.py", "tests/services/test_stack.py", "tests/services/"),
)
_SERVERS: Final[dict[str, Callable[[Path], Server]]] = {
    KAFKA: Kafka,
    POSTGRES: Postgres,
    MONGO: Mongo,
}


class _ByStack(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each file to one worker, and each folder whose tests share a stack."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        return next((folder for folder in _WITH_A_STACK if file.startswith(folder)), file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:  # noqa: ANN401
    """Let what shares a stack run where it is."""
    return _ByStack(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: the rest runs beside it."""
    items.sort(key=lambda item: _place(item.nodeid))


def _place(nodeid: str) -> int:
    places = (n for n, start in enumerate(_LONGEST_FIRST) if nodeid.startswith(start))
    return next(places, len(_LONGEST_FIRST))


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers that the environment does not name, before any worker is."""
    wanted = [variable for variable in _SERVERS if not os.environ.get(variable)]
    if not wanted or hasattr(config, "workerinput") or config.option.collectonly:
        return
    for number in (signal.SIGINT, signal.SIGTERM):  # so that they are stopped, whoever began us
        signal.signal(number, signal.default_int_handler)
    entered, started = ExitStack(), list[Server]()
    config.add_cleanup(entered.close)
    folder = entered.enter_context(temporary_folder())
    entered.callback(lambda: asyncio.run(_stop(started)))
    asyncio.run(_start_all(wanted, folder, started))


async def _start_all(wanted: list[str], folder: Path, started: list[Server]) -> None:
    await asyncio.gather(*(_start(variable, folder, started) for variable in wanted))


async def _start(variable: str, folder: Path, started: list[Server]) -> None:
    """Start a server and put its address into the environment, which every worker gets."""
    try:
        server = _SERVERS[variable](folder / variable.lower())
        started.append(server)
        await server.start()
    except (Unavailable, NotReady) as error:
        os.environ[variable + _MISSING] = str(error)
    else:
        os.environ[variable] = server.url


async def _stop(started: list[Server]) -> None:
    await asyncio.gather(*(server.stop() for server in started))


def _address(variable: str) -> str:
    address = os.environ.get(variable)
    if not address:
        why = os.environ.get(variable + _MISSING) or (
            f"{variable} names no server, and none was started: name tests/services to pytest"
        )
        if os.environ.get("CI"):
            pytest.fail(why)
        pytest.skip(why)
    return address


@pytest.fixture(scope="session")
def kafka() -> str:
    """The real broker's address, as `host:port`."""
    return _address(KAFKA)


@pytest.fixture(scope="session")
def postgres_server() -> str:
    """The URL of a superuser's database on the real PostgreSQL server."""
    return _address(POSTGRES)


@pytest.fixture
async def postgres_url(postgres_server: str) -> AsyncIterator[str]:
    """The URL of an empty database that only this test has."""
    name = f"test_{uuid4().hex}"
    await asyncio.to_thread(execute, postgres_server, f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(postgres_server)._replace(path=f"/{name}"))
    await asyncio.to_thread(execute, postgres_server, f'DROP DATABASE "{name}" WITH (FORCE)')


def execute(url: str, statement: str) -> None:
    """Run one statement outside any transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@pytest.fixture
def mongo_url() -> str:
    """The URL of an empty database that only this test has, on a MongoDB-wire server."""
    parts = urlsplit(_address(MONGO))
    return urlunsplit(parts._replace(path=f"/test_{uuid4().hex}"))
