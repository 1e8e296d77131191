"""The servers themselves: they start, survive being killed, and leave nothing behind."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]
from pymongo import AsyncMongoClient
from tests.builders.machines import until
from tests.services.servers import postgres as installed
from tests.services.servers import server as keeping
from tests.services.servers.kafka import Kafka
from tests.services.servers.mongo import PROGRAM, Mongo
from tests.services.servers.postgres import PROGRAMS, Postgres
from tests.services.servers.process import NotReady, Process, Unavailable
from tests.services.servers.server import fetch_once, temporary_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with temporary_folder() as made:
        yield made / "server"


def processes_of(folder: Path) -> list[str]:
    """Return the command line of each process that was told of a folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:  # it has ended meanwhile
            continue
        if str(folder) in line:
            found.append(line)
    return found


async def test_postgres_keeps_its_rows_though_it_is_killed(folder: Path) -> None:
    async with Postgres(folder) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
            server.kill()
        await server.start()
        with psycopg.connect(server.url) as connection:
            assert [(1,)] == connection.execute("SELECT n FROM kept").fetchall()
    assert [] == processes_of(folder)


async def test_kafka_keeps_its_messages_though_it_is_killed(folder: Path) -> None:
    async with Kafka(folder) as server:
        client: dict[str, str | int | float | bool] = {
            "bootstrap.servers": server.address,
            "log_level": 0,
        }
        admin = AdminClient(client)
        await asyncio.wrap_future(admin.create_topics([NewTopic("kept", 1)])["kept"])
        producer = Producer(client)
        producer.produce("kept", b"1")
        assert 0 == await asyncio.to_thread(producer.flush, 20)
        server.kill()
        await server.start()
        reader = Consumer({**client, "group.id": "reader"})
        ends = await asyncio.to_thread(
            reader.get_watermark_offsets, TopicPartition("kept", 0), timeout=20
        )
        reader.close()
        assert (0, 1) == ends
    assert [] == processes_of(folder)


async def test_mongo_keeps_its_documents_though_it_is_killed(folder: Path) -> None:
    async with Mongo(folder) as server, AsyncMongoClient[dict[str, int]](server.url) as client:
        await client.test.kept.insert_one({"_id": 1})
        server.kill()
        await server.start()
        assert 1 == await client.test.kept.count_documents({})
    assert [] == processes_of(folder)


async def test_a_server_that_stands_still_answers_when_it_goes_on(folder: Path) -> None:
    async with Postgres(folder) as server:
        server.pause()
        assert not await server.answers()
        server.resume()
        assert await server.answers()


async def test_a_server_that_stands_still_can_be_stopped(folder: Path) -> None:
    async with Postgres(folder) as server:
        server.pause()
    assert [] == processes_of(folder)


async def test_a_restarted_server_is_another_process_at_the_same_address(folder: Path) -> None:
    async with Postgres(folder) as server:
        before = server.process.pid, server.url
        await server.restart()
        assert before[0] != server.process.pid
        assert before[1] == server.url
        assert await server.answers()


async def test_a_server_that_ends_shows_what_it_said(tmp_path: Path) -> None:
    process = Process("It", ["sh", "-c", "echo no room; exit 3"], tmp_path / "log")
    process.start()
    with pytest.raises(NotReady, match=r"It ended; its log ends with:\nno room"):
        await process.until(_never, patience=5)
    assert 3 == process.status


async def test_a_server_that_does_not_answer_shows_what_it_said(tmp_path: Path) -> None:
    process = Process("It", ["sh", "-c", "echo dreaming; exec sleep 60"], tmp_path / "log")
    process.start()
    with pytest.raises(NotReady, match=r"It does not answer after 1 s; .*:\ndreaming"):
        await process.until(_never, patience=1)
    assert -signal.SIGTERM == await process.stop()


async def _never() -> bool:
    return False


async def _said(process: Process, word: str) -> bool:
    return word in process.tail()


async def test_what_does_not_end_when_asked_is_killed_with_all_it_started(tmp_path: Path) -> None:
    stubborn = f"trap '' TERM; echo deaf; sh -c 'sleep 60; : {tmp_path}' & wait; wait"
    process = Process("It", ["sh", "-c", stubborn, str(tmp_path)], tmp_path / "log")
    process.start()
    await process.until(lambda: _said(process, "deaf"), patience=5)
    assert -signal.SIGKILL == await process.stop(patience=0.5)
    assert [] == processes_of(tmp_path)


def test_no_two_processes_are_given_the_same_port() -> None:
    command = [sys.executable, "-c", _TAKES_PORTS]
    takers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)
    ]
    given = [port for taker in takers if taker.stdout for port in taker.stdout.readline().split()]
    for taker in takers:
        taker.communicate()
    assert 4 * 200 == len(given)
    assert len(given) == len(set(given))


_TAKES_PORTS = """
import sys
from tests.services.servers.process import free_port

print(*(free_port() for _ in range(200)), flush=True)
sys.stdin.read()
"""


async def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    starter = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _DIES_OF_A_SUDDEN, str(tmp_path), stderr=subprocess.PIPE
    )
    _, said = await starter.communicate()
    assert b"" == said
    assert -signal.SIGKILL == starter.returncode
    async with asyncio.timeout(10):
        while processes_of(tmp_path):  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(0.02)


_DIES_OF_A_SUDDEN = """
import os, signal, sys, time
from pathlib import Path
from tests.services.servers.process import Process

folder = sys.argv[1]
process = Process("It", ["sh", "-c", f"echo up; sleep 60; : {folder}"], Path(folder, "log"))
process.start()
while "up" not in process.tail():
    time.sleep(0.02)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (Postgres, r"PostgreSQL: no initdb on PATH nor under \S+; install postgresql-15"),
        (Kafka, r"Kafka: no java on PATH; install openjdk-17-jre-headless and maven"),
    ],
)
def test_what_is_missing_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: type[Kafka | Postgres], reason: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(PROGRAMS, raising=False)
    monkeypatch.setattr(installed, "_DEBIAN", tmp_path)
    with pytest.raises(Unavailable, match=reason):
        server(tmp_path)


def test_a_folder_of_programs_that_is_named_is_the_only_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAMS, str(tmp_path))
    with pytest.raises(Unavailable, match=f"no initdb in {PROGRAMS}={tmp_path}"):
        Postgres(tmp_path)


async def test_another_program_that_is_named_is_started_instead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "another"
    monkeypatch.setenv(PROGRAM, str(other))
    with pytest.raises(Unavailable, match=f"{PROGRAM}={other} is no program"):
        Mongo(tmp_path)
    other.write_text('#!/bin/sh\necho "$@"\n', encoding="utf-8")
    other.chmod(0o755)
    server = Mongo(tmp_path)
    await server.prepare()
    server.process.start()
    await until(lambda: not server.process.is_running)
    assert "another" == server.program
    told = (tmp_path / "log").read_text("utf-8")
    assert f"--port {server.port} --storage-path {server.data} --sync-on-commit" in told


async def test_what_is_fetched_is_kept_and_what_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "_CACHE", tmp_path)
    fetched: list[Path] = []

    async def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise Unavailable

    async def fetch(folder: Path) -> None:
        fetched.append(folder)
        (folder / "whole").touch()

    with pytest.raises(Unavailable):
        await fetch_once("it", fail)
    assert [] == files_in(tmp_path)
    for _ in range(2):
        await fetch_once("it", fetch)
    assert 1 == len(fetched)
    assert ["it", "it/whole"] == files_in(tmp_path)


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
