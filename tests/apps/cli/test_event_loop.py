import asyncio
import os
import signal

import pytest

from apps.cli.event_loop import run, unless_failed


def test_the_result_of_the_work_is_returned() -> None:
    async def work() -> int:
        return 42

    assert 42 == run(work())


def test_what_the_work_raises_is_raised() -> None:
    async def work() -> None:
        msg = "broken"
        raise LookupError(msg)

    with pytest.raises(LookupError, match="broken"):
        run(work())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_work_drain(number: signal.Signals) -> None:
    drained = []

    async def work() -> int:
        os.kill(os.getpid(), number)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            drained.append(True)
        return 42

    assert run(work()) is None
    assert [True] == drained


def test_a_cancellation_of_its_own_is_not_taken_for_a_signal() -> None:
    async def work() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run(work())


async def test_work_that_ends_first_is_what_counts() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 42

    assert 42 == await unless_failed(work(), asyncio.Event().wait())


async def test_a_failure_ends_the_work() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async def fail() -> None:
        msg = "the consumer ended"
        raise LookupError(msg)

    with pytest.raises(LookupError, match="the consumer ended"):
        await unless_failed(work(), fail())

    assert ended.is_set()


async def test_what_the_work_raises_comes_before_a_failure_that_never_comes() -> None:
    async def work() -> None:
        msg = "broken"
        raise LookupError(msg)

    with pytest.raises(LookupError, match="broken"):
        await unless_failed(work(), asyncio.Event().wait())
