"""Asks whether anything that is shipped has a known vulnerability, where that can be asked."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from tests.docs.pages import ROOT

_LOCK: Final = ROOT / "requirements" / "shipped.lock"
_SECONDS: Final = 120


class _Vulnerability(msgspec.Struct):
    id: str


class _Dependency(msgspec.Struct):
    name: str
    skip_reason: str | None = None
    vulns: tuple[_Vulnerability, ...] = ()


class _Report(msgspec.Struct):
    dependencies: tuple[_Dependency, ...]


def faults() -> Iterator[str]:
    """Yield what is vulnerable; of what cannot be asked about, say so, by name and why."""
    tool = Path(sys.executable).parent / "pip-audit"
    options = ("--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")
    try:
        asked = subprocess.run(
            [tool, *options, "--requirement", _LOCK],
            capture_output=True,
            check=False,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        _say(f"pip-audit was skipped: it had no answer within {_SECONDS} s")
        return
    try:
        report = msgspec.json.decode(asked.stdout, type=_Report)
    except msgspec.DecodeError:
        _say(f"pip-audit was skipped: {asked.stderr.decode(errors='replace').strip()[-200:]}")
        return
    yield from _found(report)


def _found(report: _Report) -> Iterator[str]:
    skipped = [each for each in report.dependencies if each.skip_reason]
    if skipped:
        names = ", ".join(each.name for each in skipped)
        _say(f"pip-audit skipped {len(skipped)}: {skipped[0].skip_reason}, and so on: {names}")
    _say(f"pip-audit asked about {len(report.dependencies) - len(skipped)} packages")
    for each in report.dependencies:
        yield from (f"{each.name} is vulnerable: {found.id}" for found in each.vulns)


def _say(what: str) -> None:
    print(what)  # noqa: T201 - it is told to whoever runs the session
