from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from tests.builders.machines import FakeClock
from tests.builders.messages import a_handled

from adapters.memory.database import MemoryDatabase
from apps.runtime.container import RuntimeContainer
from apps.runtime.health import HealthApp
from apps.runtime.settings import Settings
from tradex_core.errors import Outage
from tradex_core.events.topics import ORDER_COMMANDS, Topic
from tradex_core.messaging.breaker import BreakerState
from tradex_core.messaging.broker import Message


class AwayDatabase(MemoryDatabase):
    """A database that can be away while it is counted in."""

    def __init__(self) -> None:
        super().__init__({}, clock=FakeClock())
        self.outbox.count = self._count  # type: ignore[method-assign]
        self.away = False

    async def _count(self) -> int:
        if self.away:
            msg = "away"
            raise Outage(msg)
        return len(self.outbox)


class World:
    """What the app under test is asked about."""

    def __init__(self) -> None:
        self.checks: dict[str, bool] = {"broker": True, "consumer": True}
        self.has_begun = False
        self.database = AwayDatabase()
        self.runtime = RuntimeContainer(settings=Settings.embedded())
        databases = {"orders": self.database}
        backlogs = self.runtime.backlogs(databases, {"orders": [ORDER_COMMANDS]})
        self.warnings: list[str] = []
        self.app = HealthApp(
            self.ready,
            has_begun=lambda: self.has_begun,
            metrics=self.runtime.metrics_app(backlogs, databases),
            before_metrics=backlogs.refresh,
            warnings=lambda: self.warnings,
        )

    async def ready(self) -> Mapping[str, bool]:
        return self.checks


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def operator(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=world.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
        yield client


async def test_an_app_that_answers_lives_whatever_is_away(
    world: World, operator: httpx.AsyncClient
) -> None:
    world.checks["broker"] = False

    answer = await operator.get("/health/live")

    assert (200, {"status": "live"}) == (answer.status_code, answer.json())


async def test_an_app_that_has_all_it_needs_is_ready(operator: httpx.AsyncClient) -> None:
    answer = await operator.get("/health/ready")

    checks = {"broker": True, "consumer": True}
    assert (200, {"status": "ready", "checks": checks}) == (answer.status_code, answer.json())
    assert "no-store" == answer.headers["cache-control"]


async def test_an_app_tells_when_it_has_begun_whatever_is_away(
    world: World, operator: httpx.AsyncClient
) -> None:
    world.checks["broker"] = False
    before = await operator.get("/health/startup")
    world.has_begun = True
    after = await operator.get("/health/startup")
    assert (503, {"status": "starting"}) == (before.status_code, before.json())
    assert (200, {"status": "started"}) == (after.status_code, after.json())


@pytest.mark.parametrize(("is_there", "status"), [(True, "ready"), (False, "not_ready")])
async def test_strangers_learn_no_more_than_the_status(
    world: World, is_there: bool, status: str
) -> None:
    world.checks["broker"] = is_there
    public = HealthApp(world.ready, has_begun=lambda: True, is_public=True)
    transport = httpx.ASGITransport(app=public)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as stranger:
        answer = await stranger.get("/health/ready")
    assert {"status": status} == answer.json()


async def test_what_is_away_is_told(world: World, operator: httpx.AsyncClient) -> None:
    world.checks["broker"] = False

    answer = await operator.get("/health/ready")

    checks = {"broker": False, "consumer": True}
    assert (503, {"status": "not_ready", "checks": checks}) == (answer.status_code, answer.json())


async def test_a_warning_is_told_and_makes_nothing_less_ready(
    world: World, operator: httpx.AsyncClient
) -> None:
    world.warnings.append("a file cannot be read")

    answer = await operator.get("/health/ready")

    assert 200 == answer.status_code
    assert ["a file cannot be read"] == answer.json()["warnings"]


async def test_anything_else_is_not_found(operator: httpx.AsyncClient) -> None:
    assert 404 == (await operator.get("/v1/orders")).status_code


async def test_metrics_tell_what_was_handled_and_what_waits(
    world: World, operator: httpx.AsyncClient
) -> None:
    world.database.outbox.add([Message("order.created", b"key", b"{}")])
    world.runtime.observer().handled([a_handled()])

    text = (await operator.get("/metrics")).text

    labels = 'consumer="orders",outcome="done",topic="order.commands",type="CANCEL_ORDER"'
    assert f"tradex_messages_handled_total{{{labels}}} 1.0" in text
    assert 'tradex_outbox_messages{service="orders"} 1.0' in text
    assert 'tradex_parked_messages{service="orders"} 0.0' in text


async def test_metrics_tell_the_state_of_each_breaker_and_how_often_it_changed(
    world: World, operator: httpx.AsyncClient
) -> None:
    breakers = world.runtime.breakers()
    breakers.begun("broker")
    before = (await operator.get("/metrics")).text
    breakers.changed("broker", BreakerState.OPEN, error=Outage("away"))
    during = (await operator.get("/metrics")).text
    breakers.changed("broker", BreakerState.HALF_OPEN, error=None)
    after = (await operator.get("/metrics")).text

    state, opened = (
        'tradex_breaker_state{breaker="broker"}',
        'tradex_breaker_changes_total{breaker="broker",to="open"}',
    )
    for text, value, times in ((before, 0, 0), (during, 2, 1), (after, 1, 1)):
        assert f"{state} {value}.0" in text
        assert f"{opened} {times}.0" in text


async def test_of_a_database_that_is_away_there_is_no_old_count(
    world: World, operator: httpx.AsyncClient
) -> None:
    before = (await operator.get("/metrics")).text
    world.database.away = True

    during = (await operator.get("/metrics")).text
    world.database.away = False
    after = (await operator.get("/metrics")).text

    gauge = 'tradex_outbox_messages{service="orders"} 0.0'
    assert (True, False, True) == (gauge in before, gauge in during, gauge in after)


async def test_what_has_waited_longest_says_for_how_long(
    world: World, operator: httpx.AsyncClient
) -> None:
    before = (await operator.get("/metrics")).text
    world.database.outbox.add([Message("order.created", b"key", b"{}")])

    during = (await operator.get("/metrics")).text

    gauge = 'tradex_outbox_oldest_seconds{service="orders"}'
    assert f"{gauge} 0.0" in before
    [waited] = [line.split()[-1] for line in during.splitlines() if line.startswith(gauge)]
    assert 3600 < float(waited)  # the database's clock stands still, in the past


async def test_a_consumer_is_behind_by_what_it_has_not_committed(
    world: World, operator: httpx.AsyncClient
) -> None:
    broker, gauge = world.runtime.broker(), "tradex_consumer_lag_messages"
    without_topic = (await operator.get("/metrics")).text
    await broker.apply([Topic(ORDER_COMMANDS)])
    await broker.publish([Message(ORDER_COMMANDS, b"key", b"{}") for _ in range(3)])

    text = (await operator.get("/metrics")).text

    assert f'{gauge}{{consumer="orders",topic="order.commands"}} 3.0' in text
    assert f"{gauge}{{" not in without_topic


async def test_without_metrics_there_are_none() -> None:
    async def ready() -> Mapping[str, bool]:
        return {}

    transport = httpx.ASGITransport(app=HealthApp(ready, has_begun=lambda: True))
    async with httpx.AsyncClient(transport=transport, base_url="http://orders") as client:
        assert 404 == (await client.get("/metrics")).status_code
