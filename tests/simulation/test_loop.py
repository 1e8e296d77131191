"""The loop: time is virtual, the seed decides who comes first, and nothing is real."""

import asyncio
import random
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing
from typing import Any

import pytest
from tests.simulation.loop import OWNER, SimulatedLoop, Unreal
from tests.simulation.unreal import nothing_real


@pytest.fixture
def loop() -> Iterator[SimulatedLoop]:
    with closing(SimulatedLoop(random.Random(1))) as loop:
        yield loop


def order_of_turns(seed: int) -> list[int]:
    turns: list[int] = []

    async def take_turns(number: int) -> None:
        for _ in range(3):
            turns.append(number)
            await asyncio.sleep(0)

    async def all_of_them() -> None:
        await asyncio.gather(*(take_turns(number) for number in range(5)))

    with closing(SimulatedLoop(random.Random(seed))) as loop:
        loop.run_until_complete(all_of_them())
    return turns


def test_an_hour_passes_at_once(loop: SimulatedLoop) -> None:
    began = time.perf_counter()
    loop.run_until_complete(asyncio.sleep(3600))
    assert loop.time() == 3600
    assert time.perf_counter() - began < 1


def test_the_seed_decides_who_comes_first() -> None:
    assert order_of_turns(1) == order_of_turns(1)
    assert order_of_turns(1) != order_of_turns(2)


def test_work_for_a_thread_is_done_without_one(loop: SimulatedLoop) -> None:
    async def hand_over() -> int:
        return await asyncio.get_running_loop().run_in_executor(None, threading.get_ident)

    assert threading.get_ident() == loop.run_until_complete(hand_over())
    assert loop.time() > 0


def test_who_stands_still_goes_on_where_it_was(loop: SimulatedLoop) -> None:
    seen: list[float] = []

    async def tick() -> None:
        for _ in range(3):
            await asyncio.sleep(1)
            seen.append(loop.time())

    async def stop_it_for_a_while() -> None:
        OWNER.set("somebody")
        ticking = asyncio.create_task(tick())
        OWNER.set(None)
        await asyncio.sleep(1.5)
        loop.freeze("somebody")
        loop.call_later(5, loop.thaw, "somebody")
        await ticking

    loop.run_until_complete(stop_it_for_a_while())
    assert seen == [1, 6.5, 7.5]


def test_waiting_for_what_never_comes_is_told(loop: SimulatedLoop) -> None:
    with pytest.raises(Unreal, match="nothing will ever happen"):
        loop.run_until_complete(loop.create_future())


def test_spinning_is_told(loop: SimulatedLoop) -> None:
    async def spin() -> None:
        while True:  # noqa: ASYNC110 - that is what it is for
            await asyncio.sleep(0)

    with pytest.raises(Unreal, match="somebody spins"):
        loop.run_until_complete(spin())


REACHING: dict[str, Callable[[], object]] = {
    "a socket": lambda: socket.socket(),  # noqa: PLW0108 - what it is by then
    "a thread": lambda: threading.Thread(target=print).start(),
    "a pause": lambda: time.sleep(0),
    "the time": lambda: time.time(),  # noqa: PLW0108 - what it is by then
}


@pytest.mark.parametrize("what", REACHING)
def test_the_machine_is_out_of_reach(what: str) -> None:
    with nothing_real(), pytest.raises(Unreal, match="something asked for"):
        REACHING[what]()


def test_a_connection_is_out_of_reach(loop: SimulatedLoop) -> None:
    async def connect() -> None:
        await asyncio.open_connection("127.0.0.1", 1)

    work: Coroutine[Any, Any, None] = connect()
    with nothing_real(), pytest.raises((Unreal, NotImplementedError, OSError)):
        loop.run_until_complete(work)
