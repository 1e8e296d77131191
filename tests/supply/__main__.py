"""Answers whether we know what we ship: licences, a bill of materials, secrets, vulnerabilities.

`python -m tests.supply PYTHON` asks it of the environment of that Python, which holds exactly what
`requirements/shipped.lock` names; `--write` writes the page of licences anew.
"""

import argparse
import sys
from pathlib import Path

from tests.supply import audit, bill, licences, secrets


def main() -> None:
    """Ask every question, and exit with 1 where one has a wrong answer."""
    parser = argparse.ArgumentParser(prog="nox -s supply --", description=__doc__)
    parser.add_argument("python", type=Path, help="of the environment with all that is shipped")
    parser.add_argument("--write", action="store_true", help="write docs/reference/licences.md")
    given = parser.parse_args()
    found = licences.found_in(given.python)
    if given.write:
        licences.PAGE.write_text(licences.page(found), encoding="utf-8")
    faults = [
        *licences.faults(found),
        *bill.faults(given.python, expected=found),
        *secrets.faults(),
        *audit.faults(),
    ]
    sys.exit("\n".join(faults) or None)


if __name__ == "__main__":
    main()
