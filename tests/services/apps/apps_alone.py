"""Apps as processes of their own: started, asked about their health, told to end."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import httpx
import pytest

STARTING_SECONDS = 60
ENDING_SECONDS = 10
"""What an app is given from SIGTERM to its end."""


class AppAlone:
    """`tradex run` of one app while it is entered; killed where it has not ended by then."""

    def __init__(self, app: str, environment: Mapping[str, str], log: Path) -> None:
        self.app = app
        self._log = log
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "apps.cli", "run", app],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": "src", **environment},
                text=True,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def ready(self) -> str:
        """Wait until it says that it is ready, and return where."""
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if match := re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", said):
            return match[1]
        pytest.fail(f"{self.app} ended with {self.process.wait()}:\n{self.errors()}")

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Tell it to end; return its exit status, and how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(timeout=2 * ENDING_SECONDS)
        return status, time.monotonic() - began

    def refused(self) -> tuple[int, str]:
        """Wait until it has given up starting; return its exit status and what it said."""
        return self.process.wait(timeout=STARTING_SECONDS), self.errors()

    def errors(self) -> str:
        """Return what it has logged."""
        return self._log.read_text()


def health(url: str) -> httpx.Response:
    """Ask an app whether it is ready."""
    return httpx.get(f"{url}/health/ready", timeout=10)


def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fails where that takes longer than an app takes to start."""
    ends_at = time.monotonic() + STARTING_SECONDS
    while not condition():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def lives(port: int) -> bool:
    """Return whether an app answers on a port."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/live").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
