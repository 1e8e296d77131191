"""A terminal in a copy of the project, in which the commands of one page are typed."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest
from tests.docs.pages import ROOT

SHOWN_URL: Final = "http://127.0.0.1:3000"
_NOT_COPIED: Final = shutil.ignore_patterns(
    *(".git", ".nox", ".venv", ".env", ".hypothesis", ".*_cache", "__pycache__"),
    *("build", "dist", "*.egg-info"),
)
_NOT_INHERITED: Final = re.compile(r"(TRADEX|PYTEST|PYTHON|NOX|VIRTUAL_ENV|COVERAGE)")
_OUR_PROGRAMS: Final = Path(sys.executable).parent
_SECONDS: Final = 300
_SECONDS_TO_START: Final = 60
_SECONDS_TO_STOP: Final = 20


@dataclass
class Terminal:
    """What is typed shares a folder, variables and an activated environment, as by hand.

    Of the page's address the commands see the one on which its platform really listens, and of what
    they print the tests see the page's.
    """

    folder: Path
    programs: Path
    log: Path
    is_changed: bool = False
    url: str = SHOWN_URL
    servers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def run(self, command: str) -> str:
        """Run a command to its end and return what it printed; fails where the command does."""
        keep = f"{{ export -p; printf 'cd %q' \"$PWD\"; }} >{self._state}"
        script = f"{self.as_here(command)}\nstatus=$?; {keep}; exit $status"
        process = self._start(script, subprocess.PIPE)
        try:
            printed, _ = process.communicate(timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            pytest.fail(f"it still runs after {_SECONDS} s: {command}")
        output = printed.decode()
        assert 0 == process.returncode, f"{command}\n{output}"
        return self.as_shown(output)

    def serve(self, command: str) -> str:
        """Start a command that goes on until Ctrl-C; return what it printed until it was ready."""
        with self.log.open("wb") as log:
            process = self._start(f"exec {command}", log.fileno())
        ends = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < ends and process.poll() is None:
            output = self.log.read_text(encoding="utf-8")
            if ready := re.search(r"^ready (http://\S+)$", output, re.MULTILINE):
                self.url = ready[1]
                self.servers.append(process)
                return self.as_shown(output)
            time.sleep(0.05)
        process.kill()
        pytest.fail(f"it did not get ready: {command}\n{self.log.read_text(encoding='utf-8')}")

    def close(self) -> None:
        """Press Ctrl-C on what still runs; fails where that does not end it cleanly."""
        for process in self.servers:
            process.send_signal(signal.SIGINT)
        try:
            ends = [process.wait(_SECONDS_TO_STOP) for process in self.servers]
        finally:
            for process in self.servers:
                process.kill()
        assert [0] * len(self.servers) == ends

    def as_here(self, shown: str) -> str:
        """Return what a page shows with the address that really is the platform's."""
        return shown.replace(SHOWN_URL, self.url)

    def as_shown(self, printed: str) -> str:
        """Return what was printed with the address that the page shows."""
        return printed.replace(self.url, SHOWN_URL)

    @property
    def _state(self) -> str:
        return shlex.quote(str(self.log.with_suffix(".state")))

    def _start(self, script: str, output: int) -> subprocess.Popen[bytes]:
        before = f"[ ! -e {self._state} ] || . {self._state}\n"
        return subprocess.Popen(
            ["/bin/bash", "-c", before + script],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if not _NOT_INHERITED.match(k)}
        others = inherited["PATH"].split(os.pathsep)
        path = [str(self.programs), *(each for each in others if each != str(_OUR_PROGRAMS))]
        changed = {"PYTHONPATH": str(self.folder / "src")} if self.is_changed else {}
        return inherited | {"PATH": os.pathsep.join(path), "TRADEX_HTTP_PORT": "0"} | changed


def open_terminal(folder: Path, *, empty: bool, is_changed: bool) -> Terminal:
    """Open a terminal in a new copy of the project.

    Where the page installs what it needs, its environment is empty; else Tradex is installed there.
    Where the page changes the code, that is the code that runs, as in an editable installation.
    """
    copy = folder / "tradex"
    shutil.copytree(ROOT, copy, ignore=_NOT_COPIED)
    programs = _OUR_PROGRAMS
    if empty:
        subprocess.run([sys.executable, "-m", "venv", folder / "empty"], check=True)
        programs = folder / "empty" / "bin"
    return Terminal(copy, programs, folder / "server.log", is_changed=is_changed)
