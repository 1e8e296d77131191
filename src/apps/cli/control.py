"""The control socket: how the same user's commands reach a platform that runs on this machine.

A Unix domain socket of mode 0600; one JSON object a line, a question and its answer a connection.
"""

import asyncio
import os
import socket
import stat
import struct
import tempfile
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Annotated, Final, Literal, Protocol, Self

from msgspec import Meta

from tradex_core.errors import Refusal, TradexError, Undecodable
from tradex_core.events import codec
from tradex_core.events.fields import Email, Name, Secret, Wire
from tradex_core.events.user import UserDocument

_MAX_LINE: Final = 64 * 1024
_READ_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 30
_CREDENTIALS: Final = struct.Struct("3i")


class ControlError(Exception):
    """The control socket cannot be used; the message names the remedy."""


class NoPlatform(ControlError):
    """No platform of this user listens there."""


class CreateAdmin(Wire, frozen=True, forbid_unknown_fields=True):
    """Make an admin's account."""

    command: Literal["create-admin"]
    email: Email
    name: Name
    password: Annotated[Secret, Meta(min_length=1)]

    def __repr__(self) -> str:
        return f"CreateAdmin(email={self.email!r})"


class Answer(Wire, frozen=True):
    """The account that was made, or why it was not."""

    user: UserDocument | None = None
    error: str | None = None


class AdminAccounts(Protocol):
    """Makes admins' accounts."""

    def __call__(self, *, email: str, name: str, password: str) -> Awaitable[UserDocument]:
        """Make an account; raises a Refusal."""
        ...


def control_path(configured: Path | None, *, port: int) -> Path:
    """Return where the platform on a port listens: as set, or one place per user and port.

    Raises ControlError where there is no place to write to.
    """
    if configured is not None:
        return configured
    try:
        folder = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    except FileNotFoundError as error:
        msg = "no folder can be written to: set TRADEX_CONTROL_SOCKET to a path in one that can"
        raise ControlError(msg) from error
    return Path(folder) / f"tradex-{os.geteuid()}-{port}.sock"


class ControlServer:
    """Listens for the same user's commands while it is entered; raises ControlError on entering."""

    def __init__(self, path: Path, create_admin: AdminAccounts) -> None:
        self._path = path
        self._create_admin = create_admin
        self._serving: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        listening = _listen(self._path)
        self._identity = self._path.stat().st_ino
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=_MAX_LINE)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._server.wait_closed()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        with suppress(FileNotFoundError):
            if self._path.stat().st_ino == self._identity:
                self._path.unlink()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with _borrowed(writer.get_extra_info("socket").fileno()) as connection:
                answer = (
                    await self._answer(reader)
                    if _is_ours(connection)
                    else Answer(error="only the user who runs the platform may do this")
                )
            writer.write(codec.encode(answer) + b"\n")
            await writer.drain()
        except OSError:
            return
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader) -> Answer:
        try:
            async with asyncio.timeout(_READ_SECONDS):
                request = codec.decode(await reader.readline(), CreateAdmin)
            user = await self._create_admin(
                email=request.email, name=request.name, password=request.password
            )
        except Refusal as refusal:
            return Answer(error=f"{refusal.title}: {refusal.detail}")
        except (Undecodable, ValueError, TimeoutError):
            return Answer(error="the command could not be read; use the same version of tradex")
        except TradexError as error:
            return Answer(error=str(error))
        return Answer(user=user)


def require_platform(path: Path) -> None:
    """Raise NoPlatform, or ControlError, unless a platform of this user listens there."""
    _connect(path).close()


def send(path: Path, request: CreateAdmin) -> Answer:
    """Ask the platform that listens there; raises NoPlatform and ControlError."""
    with _connect(path) as connection:
        try:
            connection.sendall(codec.encode(request) + b"\n")
            with connection.makefile("rb") as answers:
                return codec.decode(answers.readline(_MAX_LINE), Answer)
        except (OSError, Undecodable) as error:
            msg = "the platform did not answer; look at what it has logged, and try again"
            raise ControlError(msg) from error


def _connect(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_ANSWER_SECONDS)
    try:
        found = path.lstat()
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        start = "start one with `tradex up` or `tradex run auth`, or name its --port"
        msg = f"no platform listens on {path}: {start}"
        raise NoPlatform(msg) from error
    if found.st_uid != os.geteuid() or not _is_ours(connection):
        connection.close()
        msg = f"{path} belongs to another user: set TRADEX_CONTROL_SOCKET to a path of your own"
        raise ControlError(msg)
    return connection


def _listen(path: Path) -> socket.socket:
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    former_mask = os.umask(0o177)
    try:
        _remove_stale(path)
        listening.bind(str(path))
        listening.listen()
    except OSError as error:
        listening.close()
        msg = f"cannot listen on {path} ({error.strerror or error}): set TRADEX_CONTROL_SOCKET"
        raise ControlError(msg) from error
    finally:
        os.umask(former_mask)
    return listening


def _remove_stale(path: Path) -> None:
    with suppress(FileNotFoundError):
        found = path.lstat()
        if stat.S_ISSOCK(found.st_mode) and found.st_uid == os.geteuid() and _is_deserted(path):
            path.unlink()


def _is_deserted(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
        except OSError:
            return False
    return False


@contextmanager
def _borrowed(descriptor: int) -> Iterator[socket.socket]:
    with socket.socket(fileno=os.dup(descriptor)) as connection:
        yield connection


def _is_ours(connection: socket.socket) -> bool:
    """Return whether the same user is at the other end; where no one can tell, the mode must do."""
    option = getattr(socket, "SO_PEERCRED", None)
    if option is None:
        return True
    raw = connection.getsockopt(socket.SOL_SOCKET, option, _CREDENTIALS.size)
    _, uid, _ = _CREDENTIALS.unpack(raw)
    return bool(uid == os.geteuid())
