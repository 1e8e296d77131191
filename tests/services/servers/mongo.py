"""A server that speaks MongoDB's protocol, in a process and an environment of its own.

It is SecantusDB, which is there for tests alone and imported by nothing: what it answers is right,
how long it takes says nothing of MongoDB.
"""

import hashlib
import os
import shutil
import sys
from pathlib import Path
from typing import Final

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from tests.services.servers.process import Process, Unavailable, accepts, free_port, run
from tests.services.servers.server import Server, cached, fetch_once

PROGRAM: Final = "TRADEX_MONGO_PROGRAM"
"""The variable that names another program to take, with the same options: SecantusDB in Rust."""

_LOCK: Final = Path(__file__).parents[3] / "requirements" / "secantusdb.lock"


class Mongo(Server):
    """One standalone server; `url` names it without a database."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.data = folder / "data"
        self._folder = folder
        self._named = os.environ.get(PROGRAM)
        if self._named and shutil.which(self._named) is None:
            msg = f"the MongoDB-wire server: {PROGRAM}={self._named} is no program"
            raise Unavailable(msg)
        self.program = Path(self._named).name if self._named else "SecantusDB"
        python = cached(_environment()) / "bin" / "python"
        self.process = Process(
            "the MongoDB-wire server",
            [
                *([self._named] if self._named else [python, "-I", "-m", "secantus"]),
                *("--log-level", "WARNING", "--host", "127.0.0.1", "--port", str(self.port)),
                # Without it what was acknowledged is lost when it is killed.
                *("--storage-path", self.data, "--sync-on-commit"),
            ],
            folder / "log",
            folder=folder,
        )

    @property
    def url(self) -> str:
        return f"mongodb://127.0.0.1:{self.port}/?directConnection=true"

    async def prepare(self) -> None:
        if not self._named:
            await fetch_once(_environment(), _install)
        self.data.mkdir(parents=True, exist_ok=True)

    async def answers(self) -> bool:
        if not await accepts(self.port):
            return False
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
            self.url, serverSelectionTimeoutMS=2000
        )
        try:
            await client.admin.command("ping")
        except PyMongoError:
            return False
        finally:
            await client.close()
        return True


def _environment() -> str:
    """Return the name of an environment that holds exactly what the lock says."""
    digest = hashlib.sha256(_LOCK.read_bytes()).hexdigest()[:12]
    return f"secantusdb-{sys.implementation.cache_tag}-{digest}"


async def _install(folder: Path) -> None:
    what = "the MongoDB-wire server: SecantusDB could not be installed"
    await run(sys.executable, "-m", "venv", folder, what=what)
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet")
    await run(*pip, "--require-hashes", "--only-binary=:all:", f"--requirement={_LOCK}", what=what)
