"""A bill of materials (CycloneDX 1.6) of what is shipped; the tool checks it by its schema."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT
from tests.supply.licences import Package

BILL: Final = ROOT / "build" / "sbom.cdx.json"


def faults(python: Path, *, expected: Iterable[Package]) -> Iterator[str]:
    """Write the bill, and yield what it does not name."""
    BILL.parent.mkdir(exist_ok=True)
    tool = Path(sys.executable).parent / "cyclonedx-py"
    options = ("--output-reproducible", "--validate", "--spec-version", "1.6")
    subprocess.run(
        [tool, "environment", *options, "--pyproject", "pyproject.toml", "-o", BILL, python],
        cwd=ROOT,
        check=True,
    )
    components = json.loads(BILL.read_text(encoding="utf-8"))["components"]
    named = {(each["name"].lower(), each["version"]) for each in components}
    for each in expected:
        if (each.name, each.version) not in named:
            yield f"{BILL.name} does not name {each.name} {each.version}"
