"""What the servers have in common, and where what they are made of is kept between runs."""

import os
import shutil
import signal
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Final, Self

from tests.services.servers.process import Process

_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tradex"


class Server(ABC):
    """One server with one port and one folder of data, however often it is started.

    Making one raises Unavailable where a program that it needs is not installed.
    """

    patience: ClassVar[float] = 60.0
    """How many seconds it is given until it answers."""
    ends_at: ClassVar[signal.Signals] = signal.SIGTERM
    """What it takes for the request to end in order."""

    port: int
    process: Process

    @property
    @abstractmethod
    def url(self) -> str:
        """What a client is told to find it."""

    @abstractmethod
    async def prepare(self) -> None:
        """Make what has to be there before it starts, but for what is; raises Unavailable."""

    @abstractmethod
    async def answers(self) -> bool:
        """Ask it something that it can only answer when it is up."""

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it, on the data that it had, and wait until it answers.

        Raises NotReady where it does not, and the first time Unavailable.
        """
        await self.prepare()
        self.process.start()
        await self.process.until(self.answers, patience=self.patience)

    async def stop(self) -> None:
        """End it in order, paused or not."""
        await self.process.stop(how=self.ends_at)

    async def restart(self) -> None:
        """End it in order and start it again."""
        await self.stop()
        await self.start()

    def kill(self) -> None:
        """End it at once, as a crash would."""
        self.process.kill()

    def pause(self) -> None:
        """Let it stand still: it answers nobody, and its connections stay open."""
        self.process.pause()

    def resume(self) -> None:
        """Let it go on."""
        self.process.resume()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for servers, gone afterwards, that one which runs as another user can enter."""
    with tempfile.TemporaryDirectory(prefix="tradex-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


def cached(name: str) -> Path:
    """Return where something that takes long to fetch is kept between runs."""
    return _CACHE / name


async def fetch_once(name: str, fetch: Callable[[Path], Awaitable[None]]) -> None:
    """Have a cached folder filled, unless it is there; several runs may want it at once.

    What fails or is cut off leaves nothing.
    """
    target = cached(name)
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=target.parent))
    try:
        await fetch(made)
        _keep(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _keep(made: Path, target: Path) -> None:
    if not target.exists():
        made.rename(target)
