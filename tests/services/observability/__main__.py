"""Looks at a platform at work as its operators do: `nox -s observability -- --write-docs`."""

import argparse
import asyncio
import sys

from tests.services.observability.observed import look
from tests.services.observability.report import DOCS, told, write
from tests.services.servers.process import NotReady, Unavailable
from tests.services.servers.server import temporary_folder


def main() -> None:
    """Show an order's trace, what the dashboards show, and the alerts that fire for a fault."""
    parser = argparse.ArgumentParser(prog="nox -s observability --", description=main.__doc__)
    parser.add_argument("--write-docs", action="store_true", help=f"write it into {DOCS}")
    given = parser.parse_args()
    try:
        with temporary_folder() as folder:
            seen = asyncio.run(look(folder))
    except (NotReady, Unavailable) as error:
        sys.exit(str(error))
    print(told(seen))  # noqa: T201 - it is a program
    if given.write_docs:
        write(seen)


if __name__ == "__main__":
    main()
