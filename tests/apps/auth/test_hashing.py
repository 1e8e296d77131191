"""Passwords are hashed on a few threads that give way, and only for those who still wait."""

import asyncio
import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from tests.builders.users import (
    MESSAGE_ID,
    NOW,
    CountingHasher,
    HandSetClock,
    OpenSealing,
    a_login_command,
    a_register_command,
)

from apps.auth.handlers import AuthHandlers
from apps.auth.hashing import hashing_threads
from tradex_core.clock import epoch_ms
from tradex_core.errors import DeadlineExceeded
from tradex_core.events.fields import Command
from tradex_core.events.user import LoginUser, RegisterUser
from tradex_core.ids import SessionId
from tradex_core.messaging.routes import Context
from tradex_core.users.user import UserState


class NoUsers:
    """A directory without anybody in it."""

    async def find_by_email(self, email: str) -> UserState | None:
        return None

    async def find_by_session(self, session_id: SessionId) -> UserState | None:
        return None


class Desk:
    """The auth service's handlers with one thread to hash on."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self.clock = HandSetClock()
        self.hasher = CountingHasher()
        self.handlers = AuthHandlers(
            directory=NoUsers(),
            hasher=self.hasher,
            unsealer=OpenSealing(),
            executor=threads,
            clock=self.clock,
            plaintext_allowed=True,
        )

    async def prepare(self, command: Command, *, patience: timedelta | None) -> object:
        """Do the slow work of a command that somebody waits for so long, or nobody does."""
        deadline = None if patience is None else epoch_ms(NOW + patience)
        context = Context(MESSAGE_ID, MESSAGE_ID, None, NOW, deadline_ms=deadline)
        prepare = self.handlers.routes().commands[type(command)].prepare
        assert prepare is not None
        return await prepare(command, context)


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    threads = hashing_threads(1)
    yield threads
    threads.shutdown()


@pytest.mark.parametrize("kind", [LoginUser, RegisterUser])
async def test_what_nobody_waits_for_any_more_once_a_thread_is_free_is_not_hashed(
    thread: ThreadPoolExecutor, kind: type[Command]
) -> None:
    desk, free = Desk(thread), threading.Event()
    command = a_login_command() if kind is LoginUser else a_register_command()
    busy = asyncio.get_running_loop().run_in_executor(thread, free.wait)
    in_time, late, unhurried = (
        asyncio.create_task(desk.prepare(command, patience=patience))
        for patience in (timedelta(seconds=5), timedelta(seconds=3), None)
    )
    await asyncio.sleep(0)
    desk.clock.advance(timedelta(seconds=4))
    free.set()
    await asyncio.wait({in_time, late, unhurried})
    assert isinstance(late.exception(), DeadlineExceeded)
    hashes = len(desk.hasher.hashed) + len(desk.hasher.verified)
    assert (None, None, 2) == (in_time.exception(), unhurried.exception(), hashes)
    await busy


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no priority of their own")
async def test_the_threads_give_way_to_everything_else(thread: ThreadPoolExecutor) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    hashing = await asyncio.get_running_loop().run_in_executor(thread, niceness)
    assert 19 == hashing


@pytest.mark.skipif(sys.platform != "linux", reason="threads have no processors of their own")
async def test_the_threads_leave_the_first_of_several_processors_to_whatever_answers(
    thread: ThreadPoolExecutor,
) -> None:
    def processors() -> set[int]:
        return os.sched_getaffinity(0)

    first, *others = sorted(processors())
    hashing = await asyncio.get_running_loop().run_in_executor(thread, processors)
    assert set(others or [first]) == hashing
