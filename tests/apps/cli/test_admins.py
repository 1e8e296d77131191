from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from apps.cli import admins
from apps.cli.control import Answer, CreateAdmin, NoPlatform
from apps.cli.main import tradex
from tradex_core.events.user import Role, UserDocument

ADA = UserDocument(
    user_id="018d0c1e-8a00-7000-8000-0000000000e1",
    email="ada@example.com",
    name="Ada",
    role=Role.ADMIN,
    is_active=True,
    created_at=datetime(2024, 1, 15, 10, 0, tzinfo=UTC),
)


class Platform:
    """What listens on the control socket, as the command sees it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[tuple[Path, CreateAdmin]] = []

    def send(self, path: Path, request: CreateAdmin) -> Answer:
        self.asked.append((path, request))
        return self.answer


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    platform = Platform(Answer(user=ADA))
    monkeypatch.setattr(admins, "require_platform", lambda _: None)
    monkeypatch.setattr(admins, "send", platform.send)
    return platform


def create_admin(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    command = ["users", "create-admin", "--email", "ada@example.com", *arguments]
    result = CliRunner().invoke(tradex, command, input=typed, prog_name="tradex")
    return result.exit_code, result.stdout, result.stderr


@contextmanager
def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    class Standard:
        class stdin:  # noqa: N801 - as sys names it
            @staticmethod
            def isatty() -> bool:
                return True

    with monkeypatch.context() as patched:
        patched.setattr(admins, "sys", Standard)
        yield


def test_the_password_is_read_from_standard_input(platform: Platform) -> None:
    status, out, err = create_admin("--name", "Ada", "--password-stdin", typed="correct horse\n")

    assert (0, f"created admin ada@example.com ({ADA.user_id})\n", "") == (status, out, err)
    [(_, request)] = platform.asked
    assert ("ada@example.com", "Ada", "correct horse") == (
        request.email,
        request.name,
        request.password,
    )


def test_the_password_is_asked_for_twice_on_a_terminal_and_not_shown(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_terminal(monkeypatch):
        status, out, err = create_admin(typed="correct horse\ncorrect horse\n")

    assert 0 == status
    assert "correct horse" not in out + err
    assert "correct horse" == platform.asked[0][1].password


def test_without_a_terminal_the_remedy_is_named(platform: Platform) -> None:
    status, out, err = create_admin(typed="correct horse\n")

    assert (2, "") == (status, out)
    assert "use --password-stdin" in err
    assert [] == platform.asked


def test_the_account_is_printed_as_json(platform: Platform) -> None:
    _, out, _ = create_admin("--password-stdin", "--json", typed="correct horse\n")

    assert ADA == msgspec.json.decode(out, type=UserDocument)


def test_a_refusal_is_exit_status_1(platform: Platform) -> None:
    platform.answer = Answer(error="The e-mail address is taken: log in")

    status, out, err = create_admin("--password-stdin", typed="correct horse\n")

    assert (1, "") == (status, out)
    assert "Error: The e-mail address is taken: log in\n" == err


def test_an_empty_password_is_wrong_use(platform: Platform) -> None:
    status, _, err = create_admin("--password-stdin", typed="\n")

    assert 2 == status
    assert "no password" in err
    assert [] == platform.asked


def test_an_address_that_is_none_is_wrong_use(platform: Platform) -> None:
    status, _, err = create_admin("--email", "ada", "--password-stdin", typed="correct horse\n")

    assert 2 == status
    assert "for example ada@example.com" in err
    assert [] == platform.asked


def test_the_port_tells_which_platform_is_meant(platform: Platform) -> None:
    create_admin("--password-stdin", "--port", "8080", typed="correct horse\n")

    [(path, _)] = platform.asked
    assert path.name.endswith("-8080.sock")


def test_without_a_platform_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(path: Path) -> None:
        msg = f"no platform listens on {path}: start one with `tradex up`"
        raise NoPlatform(msg)

    monkeypatch.setattr(admins, "require_platform", nobody)

    status, out, err = create_admin("--password-stdin", typed="correct horse\n")

    assert (1, "") == (status, out)
    assert "start one with `tradex up`" in err
    assert "Traceback" not in err
