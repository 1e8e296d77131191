"""What a command prints for people, and what it says when it fails."""

import os
from collections.abc import Callable
from io import StringIO

from click.testing import CliRunner
from rich.console import Console

from apps.cli.main import tradex


def printed(show: Callable[[Console], object], *, width: int = 100) -> str:
    """Return what is printed on a console without colours, trailing blanks cut off."""
    stream = StringIO()
    show(Console(file=stream, width=width, highlight=False))
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def invoke(*arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run `tradex` with these settings alone; return its status, output and errors."""
    env: dict[str, str | None] = {name: None for name in os.environ if name.startswith("TRADEX_")}
    env |= {f"TRADEX_{name.upper()}": value for name, value in settings.items()}
    result = CliRunner().invoke(tradex, arguments, prog_name="tradex", env=env)
    return result.exit_code, result.stdout, result.stderr
