"""A program as a process of its own: started, killed, paused, started again."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

_LOOK_AGAIN_SECONDS: Final = 0.1
_LOWEST_PORT: Final = 20_000
_BLOCK: Final = 64
_BLOCKS: Final = 187
_SHOWN: Final = 4000


class Unavailable(Exception):
    """A server cannot be started here; the message says what is missing and what installs it."""


class NotReady(Exception):
    """A server does not answer; the message ends with what it logged last."""


def _ports() -> Iterator[int]:
    """Take blocks of ports, each this process's own until it ends, as its first port's UDP is."""
    taken = []
    for number in range(os.getpid(), os.getpid() + _BLOCKS):
        first = _LOWEST_PORT + number % _BLOCKS * _BLOCK
        block = socket.socket(type=socket.SOCK_DGRAM)
        if _binds(block, first):
            taken.append(block)
            yield from range(first + 1, first + _BLOCK)
        else:
            block.close()


_next_port: Final = _ports()


def free_port() -> int:
    """Return a port of loopback that nobody listens on, and that no other caller is given.

    No other process that asks here is given it either while this one runs, and it is below those
    that systems give to connections: nobody takes it before it is used. Raises Unavailable.
    """
    for port in _next_port:
        with socket.socket() as probe:
            if _binds(probe, port):
                return port
    msg = f"no port of loopback is free from {_LOWEST_PORT} on"
    raise Unavailable(msg)


def _binds(probe: socket.socket, port: int) -> bool:
    try:
        probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


class Process:
    """One program in a session of its own, whose output goes to a file.

    It runs as `user` where one is given. Linux kills it when whoever started it is gone, so that
    nothing stays behind whatever ends a run.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        log: Path,
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        user: str | None = None,
    ) -> None:
        self.name = name
        self.log = log
        self.command = [str(part) for part in command]
        """What is run the next time that it is started."""
        self._environment = dict(os.environ if environment is None else environment)
        self._folder = folder
        self._prefix = _as_user(user) if user else _ended_with_us()
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        return self._running.pid if self.is_running and self._running else None

    @property
    def is_running(self) -> bool:
        """Whether it runs, paused or not."""
        return self._running is not None and self._running.poll() is None

    @property
    def status(self) -> int | None:
        """The exit status of its last run; None while it runs."""
        return None if self._running is None else self._running.poll()

    def start(self) -> None:
        """Start it, unless it runs; what it prints is appended to its log.

        To be called in the main thread: Linux takes the thread for whoever started it.
        """
        if self.is_running:
            return
        with self.log.open("ab") as output:
            self._running = subprocess.Popen(
                [*self._prefix, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._environment,
                cwd=self._folder,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it and to whatever it started, in sessions of their own too."""
        if self._running is not None and self.is_running:
            for pid in _family(self._running.pid):
                _signal(pid, number)

    def kill(self) -> None:
        """End it and whatever it started at once, as a crash would; return when they are gone."""
        if self._running is None or not self.is_running:
            return
        _signal(self._running.pid, signal.SIGSTOP)  # so that it starts nothing while we count
        family = _family(self._running.pid)
        for pid in family:
            _signal(pid, signal.SIGKILL)
        self._running.wait()
        while any(_lives(pid) for pid in family):
            time.sleep(_LOOK_AGAIN_SECONDS / 10)

    def pause(self) -> None:
        """Let it stand still, until `resume`."""
        self.send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.send(signal.SIGCONT)

    async def stop(self, *, how: signal.Signals = signal.SIGTERM, patience: float = 20.0) -> int:
        """Ask it to end and wait for that; kill it where it does not. Return its exit status."""
        self.resume()
        if self._running is not None and self.is_running:
            _signal(self._running.pid, how)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.is_running:  # noqa: ASYNC110 - another process has no event
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        self.kill()
        return self._running.returncode if self._running is not None else 0

    async def until(self, answers: Callable[[], Awaitable[bool]], *, patience: float) -> None:
        """Wait until it answers; raises NotReady where it ends first or does not in time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.is_running:
                    if await answers():
                        return
                    await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        why = f"does not answer after {patience:.0f} s" if self.is_running else "ended"
        msg = f"{self.name} {why}; its log ends with:\n{self.tail()}"
        raise NotReady(msg)

    def tail(self) -> str:
        """Return the end of its log."""
        text = self.log.read_bytes()[-_SHOWN:] if self.log.exists() else b""
        return text.decode(errors="replace")


async def run(*command: str | Path, what: str, user: str | None = None) -> None:
    """Run a program to its end; raises Unavailable: `what` failed, and what it printed."""
    try:
        running = await asyncio.create_subprocess_exec(
            *(_as_user(user) if user else ()),
            *map(str, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        msg = f"{what}: {error}"
        raise Unavailable(msg) from error
    try:
        output, _ = await running.communicate()
    except asyncio.CancelledError:
        running.kill()
        await running.wait()
        raise
    if running.returncode:
        msg = f"{what}:\n{output.decode(errors='replace')[-_SHOWN:]}"
        raise Unavailable(msg)


async def accepts(port: int) -> bool:
    """Return whether somebody accepts connections on a port of loopback."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return True


def _ended_with_us() -> list[str]:
    return ["setpriv", "--pdeathsig", "KILL", "--"] if shutil.which("setpriv") else []


def _as_user(user: str) -> list[str]:
    """Return what runs a program as another user, in the same process."""
    ids = (f"--reuid={user}", f"--regid={user}", "--init-groups")
    return ["setpriv", *ids, "--pdeathsig", "KILL", "--"]


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _family(pid: int) -> list[int]:
    """Return a process and all its descendants, as Linux's /proc tells them."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    try:
        found = [int(child) for child in children.read_text().split()]
    except OSError:  # it has ended meanwhile
        found = []
    return [pid, *(each for child in found for each in _family(child))]


def _lives(pid: int) -> bool:
    """Return whether a process is there still and has not ended."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"
