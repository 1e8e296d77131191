"""Each app's image: it runs as nobody special, and holds what its app needs and nothing else."""

import json
from collections.abc import Iterable

import pytest
from tests.images.tools import Container

MAX_MEGABYTES = 260
"""What the app adds to its base, drivers included."""

TOOLS = ("pip", "pip3", "gcc", "cc", "make", "git", "curl", "pytest")
OTHERS_DRIVERS = {
    "gateway": ("pymongo", "beanie"),
    "auth": ("pymongo", "beanie"),
    "catalog": ("psycopg", "sqlalchemy", "alembic"),
    "orders": ("pymongo", "beanie"),
    "projector": ("pymongo", "beanie"),
}
IN_EVERY_IMAGE = ("confluent_kafka", "opentelemetry.sdk")
OWN_DRIVERS = dict.fromkeys(OTHERS_DRIVERS, (*IN_EVERY_IMAGE, "psycopg")) | {
    "catalog": (*IN_EVERY_IMAGE, "pymongo")
}


def those(container: Container, test: str, names: Iterable[str]) -> list[str]:
    """Return the names for which a test of the shell's holds, all of them asked for at once."""
    loop = f'for each; do {test} "$each" >/dev/null && echo "$each"; done; true'
    status, printed = container.run("sh", "-c", loop, "sh", *names)
    assert 0 == status, printed
    return printed.split()


def test_its_program_is_there(container: Container) -> None:
    status, printed = container.run("tradex", "--version")
    assert (0, "tradex") == (status, printed.split()[0])


def test_it_runs_as_a_user_who_may_nothing(container: Container) -> None:
    assert "10001:10001" == container.config()["User"]
    assert (0, "10001\n") == container.run("id", "-u")
    own = ("/opt/tradex/lib", "/etc/passwd", "/usr/bin", "/")
    assert [] == those(container, "test -w", own)


def test_nothing_in_it_builds_or_installs_anything(container: Container) -> None:
    assert [] == those(container, "command -v", TOOLS)
    status, _ = container.run("python", "-m", "pip", "--version")
    assert 1 == status


def test_it_holds_its_own_drivers_and_no_others(container: Container, app: str) -> None:
    status, printed = container.run("python", "-c", f"import {', '.join(OWN_DRIVERS[app])}")
    assert 0 == status, printed
    found = f"[each for each in {OTHERS_DRIVERS[app]} if find_spec(each)]"
    asked = f"from importlib.util import find_spec; print({found})"
    assert (0, "[]\n") == container.run("python", "-c", asked)


def test_it_holds_the_product_and_nothing_of_its_workshop(container: Container) -> None:
    packages = "/opt/tradex/lib/python3.11/site-packages"
    ours, workshop = f"{packages}/tradex_core", (f"{packages}/tests", "/build", "/src", "/.git")
    paths = (ours, *workshop, "/opt/tradex/.git")
    assert [ours] == those(container, "test -e", paths)


def test_it_is_no_larger_than_it_must_be(container: Container) -> None:
    _, printed = container.run("du", "-sm", "/opt/tradex")
    assert int(printed.split()[0]) <= MAX_MEGABYTES


def test_its_modules_are_compiled(container: Container) -> None:
    asked = "from tradex_core import money; print(os.path.exists(money.__spec__.cached))"
    assert (0, "True\n") == container.run("python", "-c", f"import os; {asked}")


def test_it_is_unhealthy_where_nothing_answers(container: Container) -> None:
    status, printed = container.run(
        "python", "/opt/tradex/healthy.py", environment={"TRADEX_HTTP_PORT": "1"}
    )
    assert 1 == status
    assert "nothing lives on port 1" in printed


@pytest.mark.parametrize("variable", ["TRADEX_BROKER"])
def test_without_its_settings_it_says_which_it_needs(
    container: Container, app: str, variable: str
) -> None:
    entrypoint = container.config()["Entrypoint"]
    status, printed = container.run(*entrypoint)
    assert 0 != status
    assert variable in printed


def test_its_settings_are_those_of_a_container(container: Container, app: str) -> None:
    given = dict(entry.split("=", 1) for entry in container.config()["Env"])
    assert (app, "0.0.0.0", "json") == (  # noqa: S104 - its network is the container's own
        given["APP"],
        given["TRADEX_HTTP_HOST"],
        given["TRADEX_LOG_FORMAT"],
    )
    assert "SECRET" not in json.dumps(given).upper()
