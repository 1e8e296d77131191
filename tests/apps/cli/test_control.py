import asyncio
import os
import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pytest

from apps.cli import control
from apps.cli.control import (
    Answer,
    ControlError,
    ControlServer,
    CreateAdmin,
    NoPlatform,
    control_path,
    require_platform,
    send,
)
from tradex_core.errors import Refusal
from tradex_core.events.user import Role, UserDocument
from tradex_core.users.errors import EmailTaken

ADA = UserDocument(
    user_id="018d0c1e-8a00-7000-8000-0000000000e1",
    email="ada@example.com",
    name="Ada",
    role=Role.ADMIN,
    is_active=True,
    created_at=datetime(2024, 1, 15, 10, 0, tzinfo=UTC),
)
REQUEST = CreateAdmin(
    command="create-admin", email="ada@example.com", name="Ada", password="correct horse"
)


class Accounts:
    """Makes Ada's account, or refuses."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._refusal = refusal

    async def create(self, *, email: str, name: str, password: str) -> UserDocument:
        self.asked.append((email, name, password))
        if self._refusal:
            raise self._refusal
        return ADA


@pytest.fixture
def path() -> Iterator[Path]:
    with TemporaryDirectory(prefix="tradex-") as folder:
        yield Path(folder) / "control.sock"


def mode_of(path: Path) -> int | None:
    return path.stat().st_mode if path.exists() else None


def put_a_file(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.touch()


async def ask(path: Path, request: CreateAdmin = REQUEST) -> Answer:
    return await asyncio.to_thread(send, path, request)


async def test_an_admins_account_is_made(path: Path) -> None:
    accounts = Accounts()

    async with ControlServer(path, accounts.create):
        answer = await ask(path)

    assert Answer(user=ADA) == answer
    assert [("ada@example.com", "Ada", "correct horse")] == accounts.asked


async def test_a_refusal_is_answered(path: Path) -> None:
    accounts = Accounts(EmailTaken.of("ada@example.com"))

    async with ControlServer(path, accounts.create):
        answer = await ask(path)

    assert answer.user is None
    assert (answer.error or "").startswith("The e-mail address is taken: there is an account")


async def test_only_its_user_may_use_the_socket(path: Path) -> None:
    async with ControlServer(path, Accounts().create):
        mode = mode_of(path)

    assert stat.S_IFSOCK | 0o600 == mode


async def test_another_user_is_refused_where_the_system_tells_who_it_is(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts()
    async with ControlServer(path, accounts.create):
        monkeypatch.setattr(control, "_is_ours", lambda _: False)
        line = await raw_answer(path, msgspec.json.encode(REQUEST) + b"\n")

    assert b"only the user who runs the platform" in line
    assert [] == accounts.asked


async def test_a_password_is_not_sent_to_another_users_socket(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = Accounts()
    async with ControlServer(path, accounts.create):
        with monkeypatch.context() as patched:
            patched.setattr(control, "_is_ours", lambda _: False)
            with pytest.raises(ControlError, match="belongs to another user"):
                await ask(path)
        await ask(path, msgspec.structs.replace(REQUEST, name="Later"))

    assert ["Later"] == [name for _, name, _ in accounts.asked]


async def raw_answer(path: Path, line: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(line)
    answer = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"{}\n",
        b'{"command":"drop-everything"}\n',
        b'{"command":"create-admin","email":"ada","name":"Ada","password":"x"}\n',
        b'{"command":"create-admin","email":"a@b","name":"Ada","password":"x","role":"x"}\n',
        b"\xff\xfe\n",
        b"x" * 100_000 + b"\n",
    ],
)
async def test_what_cannot_be_read_is_answered_and_harms_nobody(path: Path, line: bytes) -> None:
    accounts = Accounts()

    async with ControlServer(path, accounts.create):
        assert b"could not be read" in await raw_answer(path, line)
        answer = await ask(path)

    assert Answer(user=ADA) == answer
    assert 1 == len(accounts.asked)


async def test_the_socket_is_gone_when_the_platform_is(path: Path) -> None:
    async with ControlServer(path, Accounts().create):
        pass

    assert mode_of(path) is None
    with pytest.raises(NoPlatform, match="start one with `tradex up`"):
        await ask(path)


async def test_what_a_killed_platform_left_is_replaced(path: Path) -> None:
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    with pytest.raises(NoPlatform):
        require_platform(path)

    async with ControlServer(path, Accounts().create):
        assert Answer(user=ADA) == await ask(path)


async def test_the_socket_of_a_platform_that_runs_is_left_alone(path: Path) -> None:
    async with ControlServer(path, Accounts().create):
        with pytest.raises(ControlError, match="set TRADEX_CONTROL_SOCKET"):
            await ControlServer(path, Accounts().create).__aenter__()
        answer = await ask(path)

    assert Answer(user=ADA) == answer


async def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    put_a_file(path)

    with pytest.raises(ControlError, match="set TRADEX_CONTROL_SOCKET"):
        await ControlServer(path, Accounts().create).__aenter__()

    assert stat.S_ISREG(mode_of(path) or 0)


async def test_a_socket_that_is_another_ones_by_now_is_left_to_it(path: Path) -> None:
    async with ControlServer(path, Accounts().create):
        put_a_file(path)

    assert mode_of(path) is not None


@pytest.mark.parametrize("name", ["x" * 200, "no/such/folder"])
async def test_a_path_that_cannot_be_listened_on_is_told_of(path: Path, name: str) -> None:
    with pytest.raises(ControlError, match="set TRADEX_CONTROL_SOCKET"):
        await ControlServer(path.parent / name, Accounts().create).__aenter__()


async def test_a_platform_that_hangs_up_is_told_of(path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(hang_up, path):
        with pytest.raises(ControlError, match="did not answer"):
            await ask(path)


def test_each_user_has_one_place_for_each_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/7")

    assert Path(f"/run/user/7/tradex-{os.geteuid()}-3000.sock") == control_path(None, port=3000)


def test_without_a_folder_of_the_session_it_is_the_one_for_temporary_files(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/tmp")  # noqa: S108 - never opened

    assert Path(f"/tmp/tradex-{os.geteuid()}-8080.sock") == control_path(None, port=8080)  # noqa: S108


def test_where_no_folder_can_be_written_to_the_remedy_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_folder() -> str:
        raise FileNotFoundError

    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.gettempdir", no_folder)

    with pytest.raises(ControlError, match="set TRADEX_CONTROL_SOCKET"):
        control_path(None, port=3001)


def test_a_path_that_is_set_is_taken_as_it_is() -> None:
    assert Path("/run/mine.sock") == control_path(Path("/run/mine.sock"), port=3000)


def test_a_request_does_not_show_its_password() -> None:
    assert "correct horse" not in repr(REQUEST)
