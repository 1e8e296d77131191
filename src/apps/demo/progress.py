"""How far the demo is: a bar on a terminal, plain lines anywhere else, always on standard error."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import IO, Final, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

Advance = Callable[[str], None]
"""One more is done; the text is a note on where that is."""

_STEPS: Final = 5


class Reporting(Protocol):
    """Shows how far the work is."""

    def stage(self, name: str, total: int) -> AbstractContextManager[Advance]:
        """Begin a stage of so many equal parts."""
        ...


class Bar:
    """A progress bar."""

    def __init__(self, stream: IO[str]) -> None:
        self._console = Console(file=stream)

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Advance]:
        """Show a bar until the stage is over, and leave it there full."""
        columns = (
            TextColumn("{task.description:<10}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(name, total=total, note="")
            yield lambda note: progress.update(task, advance=1, note=note)


class Lines:
    """A line now and then."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    @contextmanager
    def stage(self, name: str, total: int) -> Iterator[Advance]:
        """Write a line for every fifth part of the stage."""
        done = 0

        def advance(note: str) -> None:
            nonlocal done
            done += 1
            if done * _STEPS // total > (done - 1) * _STEPS // total:
                self._stream.write(f"{name}: {done} of {total} {note}".rstrip() + "\n")
                self._stream.flush()

        yield advance


def reporting_on(stream: IO[str]) -> Reporting:
    """Return what suits the stream."""
    return Bar(stream) if stream.isatty() else Lines(stream)
