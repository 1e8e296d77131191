"""PostgreSQL from its installed programs."""

import os
import re
import shutil
import signal
from pathlib import Path
from typing import ClassVar, Final

import psycopg
from tests.services.servers.process import Process, Unavailable, free_port, run
from tests.services.servers.server import Server

PROGRAMS: Final = "TRADEX_POSTGRES_BIN"
"""The variable that names the folder of the programs to take."""

_DEBIAN: Final = Path("/usr/lib/postgresql")
_USER: Final = "postgres"
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "max_locks_per_transaction": "256",
    # What these guard is the machine's power: what the system was given survives any kill -9.
    "fsync": "off",
    "full_page_writes": "off",
}


class Postgres(Server):
    """One cluster; `url` names a superuser's database on it."""

    ends_at: ClassVar[signal.Signals] = signal.SIGINT  # it waits for nobody who is connected

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self._folder = folder
        self._data = folder / "data"
        self._user = _USER if os.geteuid() == 0 else None  # it refuses to run as root
        self.programs = _programs()
        settings = {**_SETTINGS, "port": str(self.port)}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = Process(
            "PostgreSQL",
            [self.programs / "postgres", "-D", self._data, *options],
            folder / "log",
            user=self._user,
        )

    @property
    def url(self) -> str:
        return f"postgresql://tradex@127.0.0.1:{self.port}/postgres"

    async def prepare(self) -> None:
        if self._data.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._user:
            shutil.chown(self._folder, self._user)
        await run(
            *(self.programs / "initdb", "-D", self._data, "-U", "tradex", "-A", "trust"),
            *("--locale=C.UTF-8", "-E", "UTF8", "--no-sync"),
            what="PostgreSQL: initdb failed",
            user=self._user,
        )

    async def answers(self) -> bool:
        try:
            async with await psycopg.AsyncConnection.connect(self.url, connect_timeout=2) as asked:
                await asked.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


def _programs() -> Path:
    """Return the folder of the programs: the one that is named, on PATH, or Debian's newest."""
    if named := os.environ.get(PROGRAMS):
        candidates = [Path(named)]
    else:
        on_path = [Path(found).resolve().parent] if (found := shutil.which("initdb")) else []
        candidates = [*on_path, *sorted(_DEBIAN.glob("*/bin"), key=_version, reverse=True)]
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    where = f"in {PROGRAMS}={named}" if named else f"on PATH nor under {_DEBIAN}"
    msg = (
        f"PostgreSQL: no initdb {where}; install postgresql-15 (Debian), name the folder "
        f"of another's programs in {PROGRAMS}, or a server in TRADEX_TEST_POSTGRES"
    )
    raise Unavailable(msg)


def _version(folder: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", folder.parent.name)]
