import asyncio
import os
import signal
import subprocess
import sys

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


STUCK = """
import asyncio, os, signal, sys, threading, time
from datetime import timedelta
from apps.cli.event_loop import run

async def work(drains):
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, time.sleep, 60)
    print("ready", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("draining", flush=True)
        await asyncio.sleep(0 if drains else 60)

run(work(sys.argv[1] == "drains"), drained_within=timedelta(seconds=float(sys.argv[2])))
"""


def stuck(how: str, *, within: float = 0.5) -> "subprocess.Popen[str]":
    """Start a process with a thread that does not end."""
    process = subprocess.Popen(
        [sys.executable, "-c", STUCK, how, str(within)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "src"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "ready\n" == process.stdout.readline()
    return process


def test_a_thread_that_does_not_end_keeps_no_process_that_has_drained() -> None:
    process = stuck("drains", within=30)
    process.terminate()

    _, said = process.communicate(timeout=20)

    assert (0, "") == (process.returncode, said)


def test_work_that_does_not_drain_in_time_is_ended_and_that_is_told() -> None:
    process = stuck("hangs")
    process.terminate()

    _, said = process.communicate(timeout=20)

    assert 1 == process.returncode
    assert "not drained within 0:00:00.5" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    process = stuck("hangs", within=30)
    process.terminate()
    assert process.stdout is not None
    assert "draining\n" == process.stdout.readline()

    process.send_signal(number)

    assert -number == process.wait(timeout=20)
    process.communicate()


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
