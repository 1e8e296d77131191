import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from apps.runtime.draining import Draining


async def test_each_step_is_done_in_turn() -> None:
    done = []

    async def do(what: str) -> None:
        await asyncio.sleep(0)
        done.append(what)

    draining = Draining(timedelta(seconds=5))
    await draining.step("one", do("one"), share=0.5)
    await draining.step("other", do("other"), share=0.5)

    assert ["one", "other"] == done


async def test_a_step_that_hangs_is_left_behind_and_named() -> None:
    draining, done = Draining(timedelta(seconds=0.1)), asyncio.Event()

    async def finish() -> None:
        done.set()

    with capture_logs() as logged:
        await draining.step("the broker", asyncio.Event().wait(), share=0.1)
        await draining.step("the database", finish(), share=0.5)

    assert ["the broker"] == [line["what"] for line in logged]
    assert done.is_set()


async def test_a_step_that_fails_does_not_keep_the_next_from_being_done() -> None:
    draining, done = Draining(timedelta(seconds=5)), asyncio.Event()

    async def fail() -> None:
        msg = "it was gone"
        raise LookupError(msg)

    async def finish() -> None:
        done.set()

    with capture_logs() as logged:
        await draining.step("the broker", fail(), share=0.5)
        await draining.step("the database", finish(), share=0.5)

    assert [("the broker", "LookupError: it was gone")] == [
        (line["what"], line["error"]) for line in logged
    ]
    assert done.is_set()


async def test_all_steps_together_have_no_more_than_the_whole_time() -> None:
    now, done = 0.0, []
    draining = Draining(timedelta(seconds=10), monotonic=lambda: now)

    async def do(what: str) -> None:
        await asyncio.sleep(0)
        done.append(what)

    await draining.step("first", do("first"), share=1.0)
    now = 10.0
    with capture_logs() as logged:
        await draining.step("late", do("late"), share=1.0)

    assert ["first"] == done
    assert ["late"] == [line["what"] for line in logged]
