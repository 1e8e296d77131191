"""The stack that a person runs: it tells where everything is, and leaves nothing behind."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from tests.services.deployment import APPS, Deployment, make_databases
from tests.services.servers.postgres import Postgres
from tests.services.servers.server import temporary_folder

_PATIENCE_SECONDS = 120
_SECRETS = {
    "TRADEX_SEALING_KEYS": "auth",
    "TRADEX_JWT_SIGNING_KEY": "gateway",
    "TRADEX_GATEWAY_KEY": "gateway",
}


def a_deployment(postgres: int = 1) -> Deployment:
    return Deployment(kafka=1, postgres=postgres, mongo=1, socket=Path("auth.sock"))


@pytest.mark.parametrize("app", APPS)
def test_an_app_is_told_of_one_database(app: str) -> None:
    told = a_deployment().of_app(app)
    assert 1 == sum("DATABASE_URL" in name for name in told)


@pytest.mark.parametrize(("secret", "owner"), list(_SECRETS.items()))
def test_a_secret_is_told_to_its_owner_alone(secret: str, owner: str) -> None:
    deployment = a_deployment()
    assert [owner] == [app for app in APPS if secret in deployment.of_app(app)]


async def test_an_app_may_write_rows_and_change_no_table() -> None:
    with temporary_folder() as folder:
        async with Postgres(folder / "server") as server:
            make_databases(server.url)
            deployment = a_deployment(server.port)
            url = "TRADEX_ORDERS_DATABASE_URL"
            with psycopg.connect(deployment.of_operator()[url]) as owner:
                owner.execute("CREATE TABLE kept (n int)")
            with psycopg.connect(deployment.of_app("orders")[url]) as app:
                app.execute("INSERT INTO kept VALUES (1)")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute("ALTER TABLE kept ADD COLUMN m int")


async def test_a_persons_stack_tells_what_ends_and_ctrl_c_stops_all_of_it() -> None:
    path = os.pathsep.join(map(os.path.abspath, sys.path))
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.services.stack", "--port", "0"),
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert running.stdout is not None
    try:
        said = await until(running.stdout, "ready http://")
        pids = dict(re.findall(r"^(\S+) .* pid (\d+)$", said, re.MULTILINE))
        assert {"kafka", "postgres", "mongo", *(f"{app}-1" for app in APPS)} == pids.keys()
        os.kill(int(pids["orders-1"]), signal.SIGKILL)
        await until(running.stdout, "orders-1 ended with -9")
        running.send_signal(signal.SIGINT)
        assert 0 == await running.wait()
    finally:
        with suppress(ProcessLookupError):
            running.kill()
    assert not any(map(is_running, pids.values()))


def is_running(pid: str) -> bool:
    return Path("/proc", pid).exists()


async def until(output: asyncio.StreamReader, word: str) -> str:
    """Return what is said until a line begins with a word."""
    said = []
    async with asyncio.timeout(_PATIENCE_SECONDS):
        async for line in output:
            said.append(line.decode())
            if said[-1].startswith(word):
                return "".join(said)
    pytest.fail("".join(["it ended:\n", *said]))
