import asyncio

import pytest
from tests.apps.runtime.away import Switch

from apps.runtime import checks
from apps.runtime.checks import Check, Checks


class Watch:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


async def test_a_server_that_answers_is_well_and_one_that_does_not_is_not() -> None:
    there, away = Check(Switch().ask), Check(Switch(away=True).ask)

    assert (True, False) == (await there.is_well(), await away.is_well())


async def test_a_server_is_asked_once_a_second_however_many_look() -> None:
    server, watch = Switch(), Watch()
    check = Check(server.ask, monotonic=watch)

    await asyncio.gather(*(check.is_well() for _ in range(10)))
    asked_at_first = server.asked
    watch.seconds += 1
    await check.is_well()

    assert (1, 2) == (asked_at_first, server.asked)


async def test_a_server_that_comes_back_is_well_again() -> None:
    server, watch = Switch(away=True), Watch()
    check = Check(server.ask, monotonic=watch)
    was_well = await check.is_well()

    server.away = False
    watch.seconds += 1

    assert (False, True) == (was_well, await check.is_well())


async def test_a_server_that_does_not_answer_is_asked_once_and_taken_for_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "_PATIENCE_SECONDS", 0.01)
    answer, asked = asyncio.Event(), 0

    async def ask() -> None:
        nonlocal asked
        asked += 1
        await answer.wait()

    watch = Watch()
    check = Check(ask, monotonic=watch)
    before = [await check.is_well()]
    watch.seconds += 60
    before.append(await check.is_well())
    answer.set()

    assert ([False, False], True) == (before, await check.is_well())
    assert 1 == asked


async def test_servers_and_states_are_told_by_their_names() -> None:
    whole = Checks({"broker": Switch().ask, "database": Switch(away=True).ask}, {"consumer": bool})

    assert {"broker": True, "database": False, "consumer": False} == await whole()


async def test_once_stopped_no_question_is_left_open() -> None:
    async def ask() -> None:
        await asyncio.Event().wait()

    whole = Checks({"broker": ask}, {})
    looking = asyncio.create_task(whole())
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await whole.stop()
    looking.cancel()
    await asyncio.wait({looking})

    assert {asyncio.current_task()} == asyncio.all_tasks()
