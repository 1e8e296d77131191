"""The processes of the bench: each measures or is measured alone, and ends whatever happens."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import msgspec

T = TypeVar("T")

ROOT: Final = Path(__file__).parents[2]
_PYTHONPATH: Final = [str(Path(each).resolve()) for each in (str(ROOT), *sys.path) if each]


def environment() -> dict[str, str]:
    """Return what a process finds around it: the same modules, and no setting of the platform."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRADEX_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(_PYTHONPATH)}


def measured(shape: type[T], module: str, *arguments: str, given: bytes = b"") -> T:
    """Run a module to its end and return what it printed as JSON.

    Raises CalledProcessError where it failed; what it has to say of that it says itself.
    """
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, input=given, stdout=subprocess.PIPE, env=environment(), check=True
    )
    return msgspec.json.decode(done.stdout, type=shape)


@contextmanager
def running(*arguments: str, cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python for a while, without its log; it is killed at the end."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
        cwd=cwd,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def first_line(process: subprocess.Popen[bytes]) -> bytes:
    """Wait for the first line that a process prints; raises RuntimeError where it prints none."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        msg = f"{process.args!r} ended before it said anything"
        raise RuntimeError(msg)
    return line


def resident_mib(pid: int) -> float:
    """Return how much of a process's memory is in RAM, in MiB."""
    command = ["ps", "-o", "rss=", "-p", str(pid)]
    shown = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
    return int(shown) / 1024
