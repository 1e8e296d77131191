"""The commands that a page shows and its test cannot run as they stand: what it runs instead."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Instead:
    """What is run in a command's place, why that and not the command, and where the command is."""

    command: str
    because: str


DRILLS: Final = (
    "dead-letters",
    "lag",
    "restore-a-backup",
    "server-away",
    "stuck-order",
    "views-in-doubt",
)
"""The pages of `docs/runbooks` that `tests/services/runbooks` types into, on real servers."""


def _needs_servers(command: str) -> Instead:
    return Instead(f"{command} --help", "it needs real servers; `nox -s services` runs it on them")


ELSEWHERE: Final[Mapping[str, Instead]] = MappingProxyType(
    {
        "pip install nox && nox": Instead(
            "pip install nox && nox --list",
            "these tests are a part of it; .ci/run runs it",
        ),
        "pip install nox && nox -s demo": Instead(
            "pip install nox && nox --list",
            "it is one of the sessions that .ci/run runs",
        ),
        "pytest tests/core": Instead(
            "pytest tests/core/users",
            "all of it takes half a minute; the `core` session runs it",
        ),
        "nox -s bench": Instead(
            "python -m tests.bench --quick --only order-life --only pages --only start",
            "it measures for half an hour; whoever writes new figures runs it",
        ),
        "nox -s bench -- --only gateway --json": Instead(
            "python -m tests.bench --quick --only gateway --json",
            "it measures for a minute; whoever writes new figures runs it",
        ),
        "nox -s bench -- --write-docs": Instead(
            "python -m tests.bench --help",
            "it measures for half an hour and writes the page; tests/bench tests what it writes",
        ),
        **{
            command: Instead(
                "test -e tests/services/faults/__main__.py",
                "it breaks real servers for minutes; `nox -s services` does as much to them",
            )
            for command in (
                "nox -s faults",
                "nox -s faults -- --seed 7 --minutes 60",
                "nox -s faults -- --seed 3 --at-once 1",
            )
        },
        "nox -s observability -- --write-docs": Instead(
            "test -e tests/services/observability/__main__.py",
            "it runs real servers for a minute; `nox -s services` looks at the same",
        ),
        "docker compose -f compose/compose.yaml -f compose/observability/compose.yaml up --wait": (
            Instead(
                "test -e compose/observability/compose.yaml",
                "it takes Docker; `nox -s images` has Compose read the file",
            )
        ),
        "docker compose -f compose/compose.yaml up --wait": Instead(
            "test -e compose/compose.yaml",
            "it takes Docker; `nox -s images` builds what it starts and has Compose read the file",
        ),
        "docker compose -f compose/compose.yaml -f compose/secured.yaml up --wait": Instead(
            "test -e compose/secured.yaml",
            "it takes Docker; `nox -s images` has Compose read it, and the tests' Kafka is told it",
        ),
        "docker compose -f compose/compose.yaml -f compose/edge/compose.yaml up --wait": Instead(
            "test -e compose/edge/compose.yaml",
            "it takes Docker; `nox -s images` has Compose read it, and tests/edge run its nginx",
        ),
        **{
            command: _needs_servers(command)
            for command in (
                "tradex acls apply",
                "tradex acls apply --dry-run",
                "tradex topics apply",
                "tradex db upgrade auth",
                "tradex db upgrade catalog",
                "tradex db upgrade gateway",
                "tradex db upgrade orders",
                "tradex run orders",
                "tradex dead-letters redrive --all --reason undecodable",
            )
        },
    }
)
