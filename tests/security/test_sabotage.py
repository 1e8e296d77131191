"""A defence that is taken away is missed: its test fails."""

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from tests.security.page import ROOT, threats
from tests.security.sabotage import SABOTAGES, Ending

TESTS_FAILED = pytest.ExitCode.TESTS_FAILED


def test_a_test_fails_without_the_defence_that_it_shows(tmp_path: Path) -> None:
    told = tmp_path / "endings.json"
    command = [sys.executable, "-m", "tests.security.sabotage", str(told)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    run = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert 0 == run.returncode, run.stderr
    endings = msgspec.json.decode(told.read_bytes(), type=list[Ending])
    assert [each.what for each in SABOTAGES] == [each.what for each in endings]
    assert [] == [each.what for each in endings if each.exit_status != TESTS_FAILED], run.stdout


def test_the_page_names_each_test_of_them() -> None:
    named = {each for threat in threats() for each in threat.tests}
    assert [] == [each.test for each in SABOTAGES if each.test not in named]


def test_there_are_ten_of_them() -> None:
    assert 10 == len({each.what for each in SABOTAGES})
