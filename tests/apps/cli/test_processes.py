"""Processes of one app from their start to their end, on servers in memory that can be away."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from dependency_injector import providers
from tests.apps.runtime.away import PATIENCE, Switch, SwitchedBroker, eventually, until
from tests.builders.messages import create_order, unsigned
from tests.services.servers.process import free_port

from adapters.memory.database import MemoryDatabase
from adapters.security.sealing import generate_key_pair
from adapters.security.system import SystemClock
from adapters.security.token_keys import AccessTokenKeys
from apps.cli.processes import Composed, compose
from apps.runtime import checks, startup
from apps.runtime.container import RuntimeContainer
from apps.runtime.http_server import AddressInUse
from apps.runtime.service import BackgroundFailure
from apps.runtime.settings import Settings
from apps.runtime.startup import NotStarted
from tradex_core.events import topics
from tradex_core.events.topics import Topic

SERVICES = ("auth", "catalog", "orders", "projector")


class World:
    """A broker that can be away, and the processes that use it."""

    def __init__(self) -> None:
        self.broker = SwitchedBroker(SystemClock())

    def compose(self, app: str, **settings: object) -> Composed:
        """Compose an app's process on this broker, with a database in memory."""
        keys = generate_key_pair()
        given: dict[str, object] = {
            "http_port": 0,
            "startup_timeout": timedelta(seconds=PATIENCE),
            "gateway_key": b"k" * 32,
            "jwt_signing_key": AccessTokenKeys.generate().to_text(),
            "sealing_keys": keys.private,
            "sealing_public_key": keys.public,
        }
        runtime = RuntimeContainer(settings=Settings.embedded(**(given | settings)), app=app)
        runtime.broker.override(providers.Object(self.broker))
        return compose(app, runtime)

    async def has(self, topic: str) -> int:
        """Return how many messages a topic holds."""
        return sum(end for _, end in (await self.broker.offsets(topic)).values())

    async def has_at_least(self, count: int, topic: str) -> bool:
        """Return whether a topic holds so many messages."""
        return await self.has(topic) >= count

    async def has_handled_some(self) -> bool:
        """Return whether the orders service has committed an offset."""
        return bool(await self.broker.committed("orders"))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "_TRY_AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(checks, "_FRESH_SECONDS", 0.0)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.broker.apply(topics.all_topics())
    return world


@pytest.fixture
async def operator() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client


@pytest.mark.parametrize("app", SERVICES)
async def test_a_service_tells_of_its_health_and_of_its_metrics(
    world: World, operator: httpx.AsyncClient, app: str
) -> None:
    async with world.compose(app).process as process:
        live = await operator.get(f"{process.url}/health/live")
        ready = await operator.get(f"{process.url}/health/ready")
        metrics = await operator.get(f"{process.url}/metrics")

    assert (200, 200) == (live.status_code, ready.status_code)
    assert {"broker": True, "database": True, "consumer": True} == ready.json()["checks"]
    assert f'tradex_outbox_messages{{service="{app}"}} 0.0' in metrics.text


@pytest.mark.parametrize("app", [*SERVICES, "gateway"])
async def test_every_app_reads_its_keys_again_and_tells_inside_where_it_cannot(
    world: World, operator: httpx.AsyncClient, app: str, tmp_path: Path
) -> None:
    file = tmp_path / "ring"
    file.write_text("no key at all", encoding="utf-8")
    told = {"actor_signing_key": b"k" * 32, "files": {"actor_signing_key": file}}
    port, warnings = free_port(), list[str]()
    async with world.compose(app, **told, metrics_port=port).process as process:
        url = f"http://127.0.0.1:{port}" if app == "gateway" else process.url

        async def warned() -> bool:
            answer = await operator.get(f"{url}/health/ready")
            warnings[:] = answer.json().get("warnings", ())
            return answer.status_code == 200 and bool(warnings)

        await eventually(warned)

    [warning] = warnings
    assert warning.startswith("TRADEX_ACTOR_SIGNING_KEY_FILE: the key has 1 bytes")


async def test_only_auth_makes_admins(world: World) -> None:
    assert [True, False, False, False] == [
        world.compose(app).create_admin is not None for app in SERVICES
    ]


async def test_an_app_lives_and_is_not_ready_while_it_waits_for_its_servers(
    world: World, operator: httpx.AsyncClient
) -> None:
    world.broker.switch.away = True
    process = world.compose("orders").process
    entering = asyncio.create_task(process.__aenter__())
    await until(lambda: bool(world.broker.switch.asked))

    live = await operator.get(f"{process.url}/health/live")
    ready = await operator.get(f"{process.url}/health/ready")
    world.broker.switch.away = False
    await entering
    begun = await operator.get(f"{process.url}/health/ready")
    await process.__aexit__(None, None, None)

    assert (200, 503, 200) == (live.status_code, ready.status_code, begun.status_code)
    assert {"broker": False, "database": True, "consumer": False} == ready.json()["checks"]


async def test_a_broker_that_never_comes_is_named_with_its_setting(world: World) -> None:
    world.broker.switch.away = True
    process = world.compose(
        "orders", startup_timeout=timedelta(seconds=0.05), kafka_bootstrap_servers="nowhere:9092"
    ).process

    with pytest.raises(NotStarted, match=r"broker: .*TRADEX_KAFKA_BOOTSTRAP_SERVERS=nowhere:9092"):
        await process.__aenter__()


async def test_every_topic_that_is_missing_is_named_and_those_of_others_are_not() -> None:
    world = World()
    await world.broker.apply([Topic(topics.ORDER_COMMANDS)])

    with pytest.raises(NotStarted) as refused:
        await world.compose("orders").process.__aenter__()

    told = str(refused.value)
    assert f"{topics.ORDER_CREATED!r}" in told
    assert f"{topics.ORDER_COMMANDS}.dlq" in told
    assert f"{topics.STOCK_RESERVED!r}" in told
    assert "`tradex topics apply`" in told
    assert f"{topics.ORDER_COMMANDS!r}" not in told
    assert topics.AUTH_COMMANDS not in told


async def test_a_port_that_is_taken_is_told_before_any_server_is_asked(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = world.compose("orders", http_port=taken.getsockname()[1]).process

        with pytest.raises(AddressInUse):
            await process.__aenter__()

    assert 0 == world.broker.switch.asked


async def test_while_the_broker_is_away_an_app_stays_up_and_then_goes_on_by_itself(
    world: World, operator: httpx.AsyncClient
) -> None:
    async with world.compose("orders").process as process:
        await until(lambda: bool(world.broker.members))
        world.broker.switch.away = True
        away = await operator.get(f"{process.url}/health/ready")
        live = await operator.get(f"{process.url}/health/live")
        world.broker.switch.away = False
        back = await operator.get(f"{process.url}/health/ready")
        await world.broker.publish([unsigned(create_order(), "one")])
        await eventually(lambda: world.has_at_least(1, topics.ORDER_CREATED))

    assert (503, 200, 200) == (away.status_code, live.status_code, back.status_code)


async def test_while_its_database_is_away_an_app_lives_and_is_not_ready(
    world: World, operator: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Switch()
    monkeypatch.setattr(MemoryDatabase, "ping", lambda _: database.ask())
    async with world.compose("orders").process as process:
        database.away = True
        away = await operator.get(f"{process.url}/health/ready")
        live = await operator.get(f"{process.url}/health/live")
        database.away = False
        back = await operator.get(f"{process.url}/health/ready")

    assert (503, 200, 200) == (away.status_code, live.status_code, back.status_code)
    assert {"broker": True, "database": False, "consumer": True} == away.json()["checks"]


async def test_what_is_at_hand_is_published_before_an_app_ends(world: World) -> None:
    async with world.compose("orders").process:
        await world.broker.publish(
            [unsigned(create_order(order_id=None), f"{number}") for number in range(50)]
        )
        await eventually(world.has_handled_some)

    committed = sum((await world.broker.committed("orders")).values())
    assert 0 < committed
    assert committed <= await world.has(topics.ORDER_CREATED)


async def test_an_app_whose_broker_goes_away_for_good_still_ends_in_time(world: World) -> None:
    process = world.compose("orders", shutdown_timeout=timedelta(seconds=1)).process
    await process.__aenter__()
    await until(lambda: bool(world.broker.members))
    await world.broker.publish([unsigned(create_order(), "one")])
    world.broker.switch.away = True

    async with asyncio.timeout(PATIENCE):
        await process.__aexit__(None, None, None)


async def test_an_app_whose_http_server_is_left_behind_closes_everything_else(world: World) -> None:
    async with world.compose("orders", shutdown_timeout=timedelta(seconds=0.2)).process:
        await until(lambda: bool(world.broker.members))

    assert ["the broker in memory is closed"] == [
        str(refused) for refused in await world.broker.publish([unsigned(create_order(), "one")])
    ]


async def test_a_loop_that_ends_is_what_the_process_fails_with(world: World) -> None:
    async with world.compose("orders").process as process:
        await until(lambda: bool(world.broker.members))
        await world.broker.close()

        with pytest.raises(BackgroundFailure, match="orders's consumer ended"):
            async with asyncio.timeout(PATIENCE):
                await process.wait_failed()


async def test_two_replicas_share_the_work(world: World) -> None:
    async with world.compose("orders").process, world.compose("orders").process:
        await world.broker.publish(
            [unsigned(create_order(order_id=None), f"{number}") for number in range(20)]
        )
        await eventually(lambda: world.has_at_least(20, topics.ORDER_CREATED))

    assert 20 == await world.has(topics.ORDER_CREATED)


async def test_a_gateway_refuses_for_a_while_what_it_is_asked_before_it_has_begun(
    world: World, operator: httpx.AsyncClient
) -> None:
    world.broker.switch.away = True
    process = world.compose("gateway").process
    entering = asyncio.create_task(process.__aenter__())
    await until(lambda: bool(world.broker.switch.asked))

    live = await operator.get(f"{process.url}/health/live")
    ready = await operator.get(f"{process.url}/health/ready")
    refused = await operator.get(f"{process.url}/v1/products")
    world.broker.switch.away = False
    await entering
    begun = await operator.get(f"{process.url}/health/ready")
    answered = await operator.get(f"{process.url}/v1/products")
    await process.__aexit__(None, None, None)

    assert (200, 503) == (live.status_code, ready.status_code)
    assert (503, "1", "not_ready") == (
        refused.status_code,
        refused.headers["retry-after"],
        refused.json()["type"],
    )
    assert ({"status": "not_ready"}, {"status": "ready"}) == (ready.json(), begun.json())
    assert 200 == answered.status_code


async def test_what_a_gateway_waits_for_is_told_on_its_internal_port_alone(
    world: World, operator: httpx.AsyncClient
) -> None:
    port = free_port()
    internal = f"http://127.0.0.1:{port}"
    world.broker.switch.away = True
    process = world.compose("gateway", metrics_port=port).process
    entering = asyncio.create_task(process.__aenter__())
    await until(lambda: bool(world.broker.switch.asked))

    waiting = await operator.get(f"{internal}/health/ready")
    starting = [await operator.get(f"{each}/health/startup") for each in (internal, process.url)]
    world.broker.switch.away = False
    await entering
    begun = await operator.get(f"{internal}/health/ready")
    started = [await operator.get(f"{each}/health/startup") for each in (internal, process.url)]
    await process.__aexit__(None, None, None)

    assert {"replies": False, "broker": False, "database": True} == waiting.json()["checks"]
    assert {"replies": True, "broker": True, "database": True} == begun.json()["checks"]
    assert [503, 503] == [each.status_code for each in starting]
    assert [200, 200] == [each.status_code for each in started]


async def test_a_gateways_metrics_are_on_a_port_of_their_own(
    world: World, operator: httpx.AsyncClient
) -> None:
    port = free_port()
    async with world.compose("gateway", metrics_port=port).process as process:
        internal = await operator.get(f"http://127.0.0.1:{port}/metrics")
        public = await operator.get(f"{process.url}/metrics")

    assert (200, 404) == (internal.status_code, public.status_code)


async def test_a_gateway_that_hears_nothing_more_fails(world: World) -> None:
    async with world.compose("gateway").process as process:
        await world.broker.close()

        with pytest.raises(BackgroundFailure, match="the gateway's follower"):
            async with asyncio.timeout(PATIENCE):
                await process.wait_failed()
