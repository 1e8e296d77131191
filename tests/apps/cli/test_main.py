import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from apps.cli.main import tradex

COMMANDS = [
    "up",
    "demo",
    "openapi",
    "asyncapi",
    "users create-admin",
    "topics apply",
    "acls apply",
    "db upgrade",
    "db check",
    "dead-letters list",
    "dead-letters show",
    "dead-letters redrive",
    "dead-letters discard",
    "orders verify",
    "stock verify",
    "lag",
    "views rebuild",
]
GROUPS = ["users", "topics", "acls", "db", "dead-letters", "orders", "stock", "views"]


def invoke(*arguments: str, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(tradex, arguments, prog_name="tradex", env=env)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.parametrize("command", ["", *GROUPS, *COMMANDS])
def test_help_is_success_and_shows_an_example_of_a_command(command: str) -> None:
    status, out, err = invoke(*command.split(), "--help")

    assert (0, "") == (status, err)
    assert "Usage: tradex" in out
    assert re.search(rf"Examples?:\n +tradex {command}", out)


@pytest.mark.parametrize("command", COMMANDS)
def test_what_prints_data_takes_json(command: str) -> None:
    _, out, _ = invoke(*command.split(), "--help")

    assert "--json" in out


def test_the_version_is_told() -> None:
    status, out, _ = invoke("--version")

    assert 0 == status
    assert out.startswith("tradex ")


@pytest.mark.parametrize(
    "arguments",
    [
        "fly",
        "--fast",
        "up --port many",
        "up --port 65536",
        "up extra",
        "users",
        "users create-admin",
        "users create-admin --email",
    ],
)
def test_wrong_use_is_exit_status_2_and_told_on_standard_error(arguments: str) -> None:
    status, out, err = invoke(*arguments.split())

    assert (2, "") == (status, out)
    assert "Usage: tradex" in err or "Error: " in err


@pytest.mark.parametrize("command", ["up", "users create-admin --email ada@example.com"])
def test_wrong_settings_are_exit_status_2_and_all_told_of(command: str) -> None:
    wrong = {"TRADEX_HTTP_PORT": "many", "TRADEX_LOGFORMAT": "json"}

    status, out, err = invoke(*command.split(), env=wrong)

    assert (2, "") == (status, out)
    assert "TRADEX_HTTP_PORT: 'many' is not a whole number" in err
    assert "did you mean TRADEX_LOG_FORMAT?" in err
    assert "Traceback" not in err


def test_what_nobody_foresaw_is_a_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRADEX_LOG_LEVEL", raising=False)

    status, err = invoke_broken()

    assert 1 == status
    assert "Error: ZeroDivisionError: division by zero" in err
    assert "TRADEX_LOG_LEVEL=debug" in err


def test_who_debugs_gets_the_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEX_LOG_LEVEL", "debug")

    with pytest.raises(ZeroDivisionError):
        invoke_broken(catch_exceptions=False)


def invoke_broken(*, catch_exceptions: bool = True) -> tuple[int, str]:
    @click.command()
    def broken() -> None:
        _ = 1 / 0

    group = type(tradex)(commands={"broken": broken})
    result = CliRunner().invoke(group, ["broken"], catch_exceptions=catch_exceptions)
    return result.exit_code, result.stderr


def test_help_does_not_wait_for_the_platforms_imports() -> None:
    show_imports = (
        "import sys, apps.cli.main as m; from click.testing import CliRunner;"
        "assert CliRunner().invoke(m.tradex, ['up', '--help']).exit_code == 0;"
        "print(sorted({'litestar', 'uvicorn', 'httpx', 'rich', 'structlog'} & sys.modules.keys()))"
    )

    ran = subprocess.run(
        [sys.executable, "-c", show_imports], capture_output=True, text=True, check=True
    )

    assert "[]" == ran.stdout.strip()


def test_the_commands_module_is_what_the_script_calls() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", "from apps.cli.main import main; main()", "--fly"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert 2 == ran.returncode
    assert "No such option" in ran.stderr
