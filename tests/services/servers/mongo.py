"""A server that speaks MongoDB's protocol, in a process and an environment of its own.

It is SecantusDB, which is there for tests alone and imported by nothing: what it answers is right,
how long it takes says nothing of MongoDB.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from tests.services.servers.process import Process, Unavailable, accepts, free_port

VERSION: Final = "0.7.0b3"
_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tradex"


class Mongo:
    """One standalone server; `url` names it without a database."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"mongodb://127.0.0.1:{self.port}/?directConnection=true"
        self._folder = folder
        self.process = Process(
            "the MongoDB-wire server",
            [
                _program(),
                *("--host", "127.0.0.1", "--port", str(self.port), "--log-level", "WARNING"),
                # Without it what was acknowledged is lost when it is killed.
                *("--storage-path", folder / "data", "--sync-on-commit"),
            ],
            folder / "log",
        )

    async def start(self) -> None:
        """Start it and wait until it answers."""
        (self._folder / "data").mkdir(parents=True, exist_ok=True)
        self.process.start()
        await self.process.until(self._answers, patience=30)

    async def stop(self) -> None:
        """Stop it."""
        await self.process.stop()

    async def _answers(self) -> bool:
        if not await accepts(self.port):
            return False
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
            self.url, serverSelectionTimeoutMS=5000
        )
        try:
            await client.admin.command("ping")
        except PyMongoError:
            return False
        else:
            return True
        finally:
            await client.close()


def _program() -> Path:
    """Return its program, installed once; raises Unavailable."""
    folder = _CACHE / f"secantusdb-{VERSION}"
    program = folder / "bin" / "secantusd-py"
    if not program.exists():
        made = f"{folder}-{os.getpid()}"
        for command in (
            [sys.executable, "-m", "venv", made],
            [f"{made}/bin/pip", "install", "--quiet", f"secantusdb=={VERSION}"],
        ):
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                msg = f"the MongoDB-wire server: {done.stderr[-2000:]}"
                raise Unavailable(msg)
        _move(Path(made), folder)
    return program


def _move(made: Path, folder: Path) -> None:
    """Let an environment's programs find its Python where it will be, and put it there."""
    for script in (made / "bin").iterdir():
        if script.is_file() and not script.is_symlink():
            text = script.read_bytes()
            script.write_bytes(text.replace(str(made).encode(), str(folder).encode()))
    made.rename(folder)
