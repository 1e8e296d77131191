"""Types what a runbook tells an operator, one command after the other, on a stack that runs."""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT, Typed, blocks_of, typed_in
from tests.docs.shown import is_as_shown
from tests.docs.terminal import Terminal
from tests.services.stack import Stack

from apps.runtime.requirements import PORTS


@dataclass
class Console(Terminal):
    """An operator's terminal: the settings of every app, `tradex`, and PostgreSQL's programs."""

    stack: Stack | None = None

    @classmethod
    def open(cls, stack: Stack, folder: Path) -> "Console":
        """Open one with a folder of its own."""
        programs = folder / "bin"
        programs.mkdir()
        tradex = programs / "tradex"
        tradex.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m apps.cli "$@"\n')
        tradex.chmod(0o755)
        return cls(folder, programs, folder / "log", stack=stack)

    def _environment(self) -> dict[str, str]:
        assert self.stack is not None
        told = self.stack.operator_environment()
        path = (self.programs, self.stack.postgres.programs, told["PATH"])
        files = {"MONGO_DBPATH": str(self.stack.mongo.data)}
        return told | files | {"PATH": os.pathsep.join(map(str, path)), "COLUMNS": "160"}


class Drill:
    """A page whose commands are typed in order; what it shows must be what is printed."""

    def __init__(self, name: str, stack: Stack, folder: Path) -> None:
        self._page = ROOT / "docs" / "runbooks" / f"{name}.md"
        self._stack = stack
        self._console = Console.open(stack, folder)
        self._left: Iterator[Typed] = iter(
            [each for block in blocks_of(self._page, "console") for each in typed_in(block)]
        )

    async def type(self, begins: str, **given: str) -> str:
        """Type the page's next command, which begins so; return what it printed.

        What the page calls `ID` is given. Fails where it prints other than the page shows.
        """
        typed = next(self._left)
        assert typed.command.startswith(begins), f"{self._page.name} goes on: {typed.command}"
        command = self._here(typed.command, given)
        printed = await asyncio.to_thread(self._console.run, command)
        if typed.shown:
            assert is_as_shown(printed, typed.shown), f"{command} printed:\n{printed}"
        return printed

    def end(self) -> None:
        """Fail where the page goes on."""
        assert [] == [typed.command for typed in self._left]

    def _here(self, command: str, given: dict[str, str]) -> str:
        for name, value in given.items():
            command = re.sub(rf"\b{name}\b", value, command)
        for kind, port in PORTS.items():
            app = self._stack.apps_of(kind)[0]
            command = command.replace(f"http://127.0.0.1:{port}/", f"{app.url}/")
        return command
