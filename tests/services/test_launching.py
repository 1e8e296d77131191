"""What a run does about servers: it starts those that nobody named, once, and stops them."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import Process
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tests.services.conftest import KAFKA, MONGO, POSTGRES
from tests.services.servers.postgres import PROGRAMS
from tests.services.servers.process import accepts

_NAMED = {KAFKA: "127.0.0.1:1", MONGO: "mongodb://127.0.0.1:1/"}
_TESTS = """
import time
from pathlib import Path

def test_one(postgres_server):
    Path("one").write_text(postgres_server)

def test_two(postgres_server):
    Path("two").write_text(postgres_server)

def test_that_takes_long(postgres_server):
    Path("long").write_text(postgres_server)
    time.sleep(60)
"""


async def a_run(folder: Path, *arguments: str, environment: Mapping[str, str] = {}) -> Process:
    """Start pytest on tests that want PostgreSQL, in a session of its own."""
    (folder / "test_it.py").write_text(_TESTS)
    rest = {name: v for name, v in os.environ.items() if name not in ("CI", POSTGRES, PROGRAMS)}
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-p", "tests.services.conftest", "-rs", *arguments),
        cwd=folder,
        env={**rest, "PYTHONPATH": path, **_NAMED, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


async def output_of(run: Process) -> str:
    output, _ = await run.communicate()
    return output.decode()


async def is_there(url: str) -> bool:
    port = urlsplit(url).port
    assert port is not None
    return await accepts(port)


async def test_a_server_is_started_once_for_all_workers_and_is_gone_at_the_end(
    tmp_path: Path,
) -> None:
    output = await output_of(await a_run(tmp_path, "-n2", "-k", "one or two"))
    assert "2 passed" in output
    url = (tmp_path / "one").read_text()
    assert url == (tmp_path / "two").read_text()
    assert not await is_there(url)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_server_is_gone_when_a_run_is_interrupted(
    tmp_path: Path, number: signal.Signals
) -> None:
    run = await a_run(tmp_path, "-k", "long")
    async with asyncio.timeout(60):
        while not (tmp_path / "long").exists():  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(0.05)
    run.send_signal(number)
    assert "KeyboardInterrupt" in await output_of(run)
    assert not await is_there((tmp_path / "long").read_text())


async def test_a_test_that_cannot_have_its_server_is_skipped_by_name(tmp_path: Path) -> None:
    run = await a_run(tmp_path, "-k", "one", environment={PROGRAMS: str(tmp_path)})
    output = await output_of(run)
    assert f"PostgreSQL: no initdb in {PROGRAMS}={tmp_path}; install postgresql-15" in output
    assert "1 skipped" in output


async def test_where_ci_is_set_a_server_that_cannot_be_had_is_an_error(tmp_path: Path) -> None:
    environment = {PROGRAMS: str(tmp_path), "CI": "true"}
    output = await output_of(await a_run(tmp_path, "-k", "one", environment=environment))
    assert f"PostgreSQL: no initdb in {PROGRAMS}={tmp_path}; install postgresql-15" in output
    assert "1 error" in output


async def test_a_server_that_is_named_is_taken(tmp_path: Path) -> None:
    named = "postgresql://127.0.0.1:1/elsewhere"
    run = await a_run(tmp_path, "-k", "one", environment={POSTGRES: named})
    assert "1 passed" in await output_of(run)
    assert named == (tmp_path / "one").read_text()
