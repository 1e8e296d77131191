"""PostgreSQL from its installed programs, as a user of its own where we are root."""

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Final

import psycopg
from tests.services.servers.process import Process, Unavailable, free_port

_USER: Final = "postgres"
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    # These guard against the machine losing power, which kill -9 of a process does not do.
    "fsync": "off",
    "full_page_writes": "off",
    "log_min_messages": "error",
}


class Postgres:
    """One cluster; `url` names a superuser's database on it."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"postgresql://tradex@127.0.0.1:{self.port}/postgres"
        self._folder = folder
        self._data = folder / "data"
        self._as = _as_its_user() if os.geteuid() == 0 else []
        programs = _programs()
        self._initdb = programs / "initdb"
        given = {**_SETTINGS, "port": str(self.port), "unix_socket_directories": str(folder)}
        options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
        self.process = Process(
            "PostgreSQL",
            [*self._as, programs / "postgres", "-D", self._data, *options],
            folder / "log",
        )

    async def start(self) -> None:
        """Start it, on new data the first time, and wait until it answers."""
        if not self._data.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._as:
                shutil.chown(self._folder, _USER)
            subprocess.run(  # noqa: ASYNC221 - before anything else runs
                [
                    *self._as,
                    str(self._initdb),
                    *("-D", str(self._data), "-U", "tradex", "-A", "trust"),
                    *("--locale=C.UTF-8", "-E", "UTF8", "--no-sync"),
                ],
                check=True,
                capture_output=True,
            )
        self.process.start()
        await self.process.until(self._answers, patience=30)

    async def stop(self) -> None:
        """Stop it, ending what still is connected."""
        await self.process.stop(how=signal.SIGINT)

    async def _answers(self) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(self.url, connect_timeout=2):
                return True
        except psycopg.OperationalError:
            return False


def _as_its_user() -> list[str]:
    """Return what runs a program as the user that PostgreSQL's package makes."""
    return ["setpriv", f"--reuid={_USER}", f"--regid={_USER}", "--clear-groups", "--"]


def _programs() -> Path:
    """Return the folder of PostgreSQL's programs; raises Unavailable."""
    named = os.environ.get("POSTGRES_BIN")
    found = shutil.which("postgres")
    folders = [Path(named)] if named else [Path(found).parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    msg = (
        "PostgreSQL: no initdb in POSTGRES_BIN, on PATH or under /usr/lib/postgresql; "
        "install Debian's postgresql-15 or name a server in TRADEX_TEST_POSTGRES"
    )
    raise Unavailable(msg)
