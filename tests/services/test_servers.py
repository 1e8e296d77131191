"""The servers themselves: they start, survive being killed, and leave nothing behind."""

from pathlib import Path

import psycopg
import pytest
from pymongo import AsyncMongoClient
from tests.services.servers import postgres as postgres_server
from tests.services.servers.kafka import Kafka
from tests.services.servers.mongo import Mongo
from tests.services.servers.postgres import Postgres
from tests.services.servers.process import NotReady, Process, Unavailable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that a server's own user may enter."""
    for each in (tmp_path, *tmp_path.parents[:3]):
        each.chmod(0o755)
    return tmp_path / "server"


async def test_postgres_keeps_its_rows_though_it_is_killed(folder: Path) -> None:
    server = Postgres(folder)
    await server.start()
    with psycopg.connect(server.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)")
    server.process.kill()
    await server.start()
    with psycopg.connect(server.url) as connection:
        assert [(1,)] == connection.execute("SELECT n FROM kept").fetchall()
    await server.stop()
    assert not server.process.is_running


async def test_kafka_answers_again_on_the_same_port_after_it_is_killed(folder: Path) -> None:
    server = Kafka(folder)
    await server.start()
    server.process.kill()
    await server.start()
    await server.stop()
    assert not server.process.is_running


async def test_mongo_keeps_its_documents_though_it_is_killed(folder: Path) -> None:
    server = Mongo(folder)
    await server.start()
    client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(server.url)
    await client.test.kept.insert_one({"_id": 1})
    server.process.kill()
    await server.start()
    assert 1 == await client.test.kept.count_documents({})
    await client.close()
    await server.stop()


async def test_a_server_that_ends_shows_what_it_said(tmp_path: Path) -> None:
    process = Process("It", ["sh", "-c", "echo no room; exit 3"], tmp_path / "log")
    process.start()

    async def never() -> bool:
        return False

    with pytest.raises(NotReady, match=r"It ended; its log ends with:\nno room"):
        await process.until(never, patience=5)
    assert 3 == process.status


def test_what_is_missing_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("POSTGRES_BIN", str(tmp_path))
    monkeypatch.setattr(postgres_server, "Path", lambda _: tmp_path)
    with pytest.raises(Unavailable, match="install Debian's postgresql-15"):
        Postgres(tmp_path)
    with pytest.raises(Unavailable, match="install Java 17 and Maven"):
        Kafka(tmp_path)
