"""What processes take of the machine, as Linux's /proc tells it: cores and memory."""

import os
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Final

from msgspec import Struct

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_FIRST_TIME: Final = 11
"""Where the four times begin in /proc/PID/stat, behind the command's name."""
_IDLE: Final = (3, 4)
"""Which of the times in /proc/stat are nobody's: idle, and waiting for the disk."""


class Cores(Struct, frozen=True):
    """How many cores each of some processes kept busy for a while, and the whole machine did."""

    of: Mapping[str, float]
    busy: float
    there: int

    def __str__(self) -> str:
        shares = ", ".join(f"{name} {cores:.2f}" for name, cores in self.of.items())
        return f"{shares}, all together {self.busy:.2f} of {self.there} cores"


class Meter:
    """Tells how many cores processes, named with their ids, keep busy from now on."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = pids
        self._began = perf_counter()
        self._before = self._seconds()
        self._busy_before = _busy_seconds()

    def read(self) -> Cores:
        """Return it for the time since the meter was made."""
        passed = perf_counter() - self._began
        used = {name: (v - self._before[name]) / passed for name, v in self._seconds().items()}
        busy = (_busy_seconds() - self._busy_before) / passed
        return Cores(used, busy, os.cpu_count() or 1)

    def _seconds(self) -> dict[str, float]:
        return {name: _family_seconds(pid) for name, pid in self._pids.items()}


def peak_mib(pid: int) -> float:
    """Return the most memory in RAM that a process has had so far, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def _family_seconds(pid: int) -> float:
    """Return the CPU time of a process, its descendants and those of them that have ended."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has ended meanwhile
        return 0.0
    times = stat.rpartition(")")[2].split()[_FIRST_TIME : _FIRST_TIME + 4]
    return sum(map(int, times)) / _TICKS + sum(_family_seconds(int(child)) for child in children)


def _busy_seconds() -> float:
    with Path("/proc/stat").open() as lines:
        times = [int(ticks) for ticks in next(lines).split()[1:9]]
    return sum(ticks for place, ticks in enumerate(times) if place not in _IDLE) / _TICKS
