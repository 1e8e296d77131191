"""SECURITY.md names no test that is not there."""

import ast
import re
import subprocess
import sys
from functools import cache

import pytest
from tests.security.page import PAGE, ROOT, Named, Threat, named_in, threats

THREATS = list(threats())
NAMED = sorted({(each.path, each.name) for threat in THREATS for each in threat.tests})
NEED_SERVERS = "tests/services/"
_NODE = re.compile(r"^(tests/\S+\.py)::(?:\w+::)?(\w+)", re.MULTILINE)


@cache
def functions_of(path: str) -> frozenset[str]:
    """Return the names of all functions of a file, those of its classes too."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@pytest.mark.parametrize("threat", THREATS, ids=lambda threat: threat.what[:40])
def test_a_threat_has_its_line_of_a_standard_a_defence_and_tests(threat: Threat) -> None:
    assert threat.is_by_a_standard, threat.standard
    assert threat.defence
    assert threat.tests
    assert [] == [each for each in threat.tests if each.name not in functions_of(each.path)]


def test_no_test_is_named_outside_a_row() -> None:
    named = set(named_in(PAGE.read_text(encoding="utf-8")))
    assert named == {Named(name, path) for path, name in NAMED}


def test_every_line_of_the_top_ten_is_met() -> None:
    lines = {line for threat in THREATS for line in re.findall(r"API\d+", threat.standard)}
    assert lines == {f"API{number}" for number in range(1, 11)}


def test_every_named_test_is_one_that_runs() -> None:
    files = sorted({path for path, _ in NAMED if not path.startswith(NEED_SERVERS)})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", *files]
    collected = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert 0 == collected.returncode, collected.stdout
    found = set(_NODE.findall(collected.stdout))
    assert [] == [each for each in NAMED if each[0] in files and each not in found]
