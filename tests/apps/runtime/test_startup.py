import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from structlog.testing import capture_logs
from tests.apps.runtime.away import Switch, until
from tests.builders.machines import FakeClock

from adapters.memory.broker import MemoryBroker
from apps.runtime import startup
from apps.runtime.startup import NotStarted, Server, missing_topics, wait_for
from tradex_core.errors import Outage
from tradex_core.events.topics import Topic

SOON = timedelta(seconds=5)
AT_ONCE = timedelta(milliseconds=50)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "_TRY_AGAIN_SECONDS", 0.001)


def servers(**switches: Switch) -> dict[str, Server]:
    return {name: Server(each.ask, f"TRADEX_{name.upper()}") for name, each in switches.items()}


async def nothing() -> Sequence[str]:
    return ()


async def test_servers_that_are_there_are_not_waited_for() -> None:
    broker, database = Switch(), Switch()

    await wait_for(servers(broker=broker, database=database), [nothing], within=SOON)

    assert (1, 1) == (broker.asked, database.asked)


async def test_a_server_that_comes_later_is_waited_for() -> None:
    database = Switch(away=True)
    waiting = asyncio.create_task(wait_for(servers(database=database), [], within=SOON))
    await until(lambda: database.asked > 2)

    database.away = False

    await waiting


async def test_each_server_that_never_comes_is_named_with_why_and_where_it_is_set() -> None:
    away = servers(broker=Switch(away=True), database=Switch(), views=Switch(away=True))

    with pytest.raises(NotStarted) as refused:
        await wait_for(away, [], within=AT_ONCE)

    assert [
        "not there within 0.05 s:",
        "  broker: nobody listens on port 1 (TRADEX_BROKER)",
        "  views: nobody listens on port 1 (TRADEX_VIEWS)",
    ] == str(refused.value).splitlines()


async def test_a_server_that_does_not_even_refuse_is_named_too() -> None:
    async def hang() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NotStarted, match="database: no answer yet"):
        await wait_for({"database": Server(hang, "TRADEX_X")}, [], within=AT_ONCE)


async def test_what_is_missing_is_logged_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(startup, "_SAY_AGAIN_SECONDS", 0.001)

    with capture_logs() as logged, pytest.raises(NotStarted):
        await wait_for(servers(broker=Switch(away=True)), [], within=AT_ONCE)

    assert ("waiting for servers", "nobody listens on port 1") == (
        logged[-1]["event"],
        logged[-1]["broker"],
    )
    assert len(logged) > 1


async def test_everything_that_has_to_be_done_first_is_told_at_once() -> None:
    async def topics() -> Sequence[str]:
        return ["there is no topic 'a'", "there is no topic 'b'"]

    async def tables() -> Sequence[str]:
        return ["run `tradex db upgrade auth`"]

    with pytest.raises(NotStarted) as refused:
        await wait_for(servers(broker=Switch()), [topics, nothing, tables], within=SOON)

    assert [
        "something has to be done first:",
        "  there is no topic 'a'",
        "  there is no topic 'b'",
        "  run `tradex db upgrade auth`",
    ] == str(refused.value).splitlines()


async def test_a_server_that_goes_away_while_it_is_looked_at_is_waited_for() -> None:
    looks = 0

    async def look() -> Sequence[str]:
        nonlocal looks
        looks += 1
        if looks == 1:
            msg = "gone"
            raise Outage(msg)
        return ()

    await wait_for(servers(broker=Switch()), [look], within=SOON)

    assert 2 == looks


async def test_what_no_waiting_would_mend_is_raised_at_once() -> None:
    async def broken() -> None:
        msg = "a mistake"
        raise LookupError(msg)

    with pytest.raises(LookupError, match="a mistake"):
        await wait_for({"broker": Server(broken, "TRADEX_X")}, [], within=SOON)


async def test_topics_that_do_not_exist_are_named_with_the_remedy() -> None:
    broker = MemoryBroker(FakeClock())
    await broker.apply([Topic("there")])

    [problem] = await missing_topics(broker, ["there", "missing"])

    assert "'missing'" in problem
    assert "`tradex topics apply`" in problem
