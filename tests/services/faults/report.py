"""What happened in a campaign, as a table: for a person, and for the documentation."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tests.services.faults.campaign import AT_ONCE
from tests.services.faults.history import History
from tests.services.faults.schedule import Fault, Kind

DOCS: Final = Path("docs/faults.md")
_FROM: Final = "<!-- written by `nox -s faults -- --write-docs` -->"
_UNTIL: Final = "<!-- until here -->"


def table(recoveries: Iterable[tuple[Fault, float]]) -> str:
    """Return how often each fault hit each app and server, and the slowest recovery of those."""
    seconds: dict[tuple[str, Kind], list[float]] = defaultdict(list)
    for fault, took in recoveries:
        seconds[_without_number(fault.target), fault.kind].append(took)
    targets = list(dict.fromkeys(target for target, _ in seconds))
    rows = [[target, *(_cell(seconds.get((target, kind))) for kind in Kind)] for target in targets]
    heads = ["what it happened to", *(str(kind) for kind in Kind)]
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(told: str, *, seed: int, minutes: float, at_once: int, history: History) -> None:
    """Write a campaign's table and its command into the documentation."""
    page = DOCS.read_text()
    before, _, rest = page.partition(_FROM)
    _, _, after = rest.partition(_UNTIL)
    many = "" if at_once == AT_ONCE else f" --at-once {at_once}"
    command = f"nox -s faults -- --seed {seed} --minutes {minutes:g}{many}"
    written = (
        f"`{command}`:\n\n{told}\n\nWhat clients asked meanwhile, and what each of them knew at the"
        f" end of the request itself:\n\n```text\n{history.told()}\n```"
    )
    DOCS.write_text(f"{before}{_FROM}\n\n{written}\n\n{_UNTIL}{after}")


def _without_number(target: str) -> str:
    return target.rsplit("-", 1)[0]


def _cell(seconds: list[float] | None) -> str:
    return f"{len(seconds)}, {max(seconds):.1f} s" if seconds else ""
