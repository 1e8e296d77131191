"""How long `tradex up` takes until it answers, and how much memory it then holds."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, sleep
from typing import Final, NamedTuple

from tests.bench.processes import first_line, resident_mib, running
from tests.bench.rounds import Ratio, in_turns
from tests.bench.table import Goal, Row

_IMPORTS: Final = "import litestar, msgspec, structlog, dependency_injector"
_IMPORTING: Final = (
    "-c",
    f"{_IMPORTS}\nprint('imported', flush=True)\nimport time\ntime.sleep(60)",
)
_UP: Final = ("-m", "apps.cli", "up", "--port", "0")
_REST_SECONDS: Final = 0.5


class Start(NamedTuple):
    """Until a process printed its first line, and what it held a moment later."""

    seconds: float
    mib: float


def measure(*, rounds: int) -> list[Row]:
    """Start both in turns."""
    turns = in_turns(rounds, lambda: _started(_UP), lambda: _started(_IMPORTING))
    platforms, imports = zip(*turns, strict=True)
    return [
        Row(
            name="start",
            label="start",
            what="`tradex up`, from the start of its process to `ready`",
            against=f"a Python process that does `{_IMPORTS}`",
            goal=Goal(3.0),
            got=Ratio.of((up.seconds, imported.seconds) for up, imported in turns),
        ),
        Row(
            name="rest",
            label="memory at rest",
            what="memory of `tradex up` at rest",
            against="nothing",
            goal=Goal(120, unit="MiB"),
            got=_memory(platforms),
            notes=(f"the process that only imports holds {_memory(imports).median:.0f} MiB",),
        ),
    ]


def _started(arguments: Sequence[str]) -> Start:
    with tempfile.TemporaryDirectory() as folder:  # in which no .env lies
        began = perf_counter()
        with running(*arguments, cwd=Path(folder)) as process:
            first_line(process)
            seconds = perf_counter() - began
            sleep(_REST_SECONDS)
            return Start(seconds, resident_mib(process.pid))


def _memory(starts: Sequence[Start]) -> Ratio:
    return Ratio.of((start.mib, 1.0) for start in starts)
