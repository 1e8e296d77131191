"""What is told live: how an operation ends, and each step of an order."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from dependency_injector import providers
from msgspec.structs import replace
from tests.apps.gateway.world import ADMIN, BUYER, PATIENCE, SELLER, Service, World
from tests.builders.views import (
    ORDER_ID,
    PRODUCT_ID,
    a_reply,
    an_order_view,
    order_created,
    order_updated,
    stock_reserved,
)

from apps.gateway import streams
from tradex_core.errors import Outage
from tradex_core.events import codec
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Event
from tradex_core.events.order import OrderStatus
from tradex_core.messaging.broker import Message
from tradex_core.orders.errors import IllegalTransition
from tradex_core.views.operation_view import apply_reply
from tradex_core.views.order_view import OrderView, apply_created, apply_sellers, apply_updated

NEW_ORDER = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.00}]}
EVENTS = f"/v1/orders/{ORDER_ID}/events"
NEVER = 3600.0


class Told(NamedTuple):
    """An event as a client gets it."""

    name: str
    id: int
    data: Any


def told_in(text: str) -> Told:
    """Read an event; its fields have one line each."""
    fields = dict(line.split(": ", 1) for line in text.rstrip("\n").split("\n"))
    assert {"id", "event", "data"} == set(fields)
    return Told(fields["event"], int(fields["id"]), json.loads(fields["data"]))


def all_told_in(body: str) -> list[Told]:
    """Return the events of a stream that has ended."""
    return [told_in(block) for block in body.split("\n\n") if block.startswith("id: ")]


class Listener:
    """Reads a stream as it comes, which httpx does of no ASGI app."""

    def __init__(self, world: World, path: str, actor: Actor | None, headers: Any) -> None:  # noqa: ANN401
        token = (
            [] if actor is None else [(b"authorization", f"Bearer {world.token(actor)}".encode())]
        )
        self._scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [*token, *headers],
            "client": ("127.0.0.1", 1),
            "server": ("gateway", 80),
        }
        self._app: Any = world.container.app()
        self._sent: asyncio.Queue[Any] = asyncio.Queue()
        self._gone = asyncio.Event()
        self._has_asked = False
        self.is_over = asyncio.Event()
        self.headers: dict[str, str] = {}

    async def run(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._sent.put)
        finally:
            self.is_over.set()

    def leave(self) -> None:
        """Close the connection."""
        self._gone.set()

    async def _receive(self) -> Any:  # noqa: ANN401 - one of ASGI's messages
        if not self._has_asked:
            self._has_asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def start(self) -> int:
        """Wait for the status and the headers."""
        async with asyncio.timeout(PATIENCE):
            message = await self._sent.get()
        self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        status: int = message["status"]
        return status

    async def chunk(self) -> str:
        """Wait for what comes next, and return it; empty at the end."""
        async with asyncio.timeout(PATIENCE):
            message = await self._sent.get()
        text: str = message["body"].decode()
        assert message["more_body"] == bool(text)
        assert not text or text.endswith("\n\n")
        return text

    async def told(self) -> Told:
        """Wait for the next event."""
        while not (chunk := await self.chunk()).startswith("id: "):
            assert chunk
        return told_in(chunk)

    async def end(self) -> None:
        """Wait for the end; no further event comes before it."""
        while chunk := await self.chunk():
            assert not chunk.startswith("id: ")


@asynccontextmanager
async def listening(
    world: World, path: str, actor: Actor | None = BUYER, *, last_event_id: str | None = None
) -> AsyncIterator[Listener]:
    """Listen to a stream, and go away in the end."""
    headers = [] if last_event_id is None else [(b"last-event-id", last_event_id.encode())]
    listener = Listener(world, path, actor, headers)
    task = asyncio.create_task(listener.run())
    try:
        yield listener
    finally:
        listener.leave()
        async with asyncio.timeout(PATIENCE):
            await task


@pytest.fixture
def world() -> World:
    """A gateway whose heart does not beat, so that whatever is told was not found by chance."""
    world = World()
    world.container.heartbeat.override(providers.Object(NEVER))
    return world


async def publish(world: World, event: Event) -> None:
    await world.broker.publish([Message(event.topic, event.key.encode(), codec.encode(event))])


def placed(*statuses: OrderStatus) -> OrderView:
    """Return the order after these steps, as the views have it."""
    view = apply_sellers(apply_created(None, order_created()), stock_reserved(SELLER.user_id))
    for status in statuses:
        reason = "gave_up" if status is OrderStatus.CANCELLED else None
        view = apply_updated(view, order_updated(status, reason=reason))
    return view


async def _is_away(_: object) -> None:
    msg = "the views are away"
    raise Outage(msg)


async def accepted(client: httpx.AsyncClient) -> str:
    """Place an order; return where its operation is."""
    location: str = (await client.post("/v1/orders", json=NEW_ORDER)).headers["location"]
    return location


class TestAnOrder:
    async def test_is_told_from_its_beginning_with_its_statuses_ranks_as_ids(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        running.show(placed(OrderStatus.CONFIRMED, OrderStatus.CANCELLED))
        answer = await buyer.get(EVENTS)

        assert 200 == answer.status_code
        assert "text/event-stream; charset=utf-8" == answer.headers["content-type"]
        assert "no-store" == answer.headers["cache-control"]
        assert "no" == answer.headers["x-accel-buffering"]
        assert answer.text.startswith("retry: ")
        ranks = [OrderStatus.PENDING.rank, OrderStatus.CONFIRMED.rank, OrderStatus.CANCELLED.rank]
        pending, _, cancelled = told = all_told_in(answer.text)
        assert ranks == [each.id for each in told]
        assert {"status"} == {each.name for each in told}
        assert pending.data == {
            "id": OrderStatus.PENDING.rank,
            "status": "pending",
            "at": "2024-01-15T10:00:00Z",
            "reason": None,
        }
        assert "gave_up" == cancelled.data["reason"]

    @pytest.mark.parametrize("last", [OrderStatus.DELIVERED, OrderStatus.CANCELLED])
    async def test_ends_with_what_nothing_follows(
        self, running: World, buyer: httpx.AsyncClient, last: OrderStatus
    ) -> None:
        running.show(placed(OrderStatus.CONFIRMED, last))
        assert last.rank == all_told_in((await buyer.get(EVENTS)).text)[-1].id

    async def test_is_told_live(self, running: World) -> None:
        running.show(placed())
        async with listening(running, EVENTS) as listener:
            assert 200 == await listener.start()
            assert "pending" == (await listener.told()).data["status"]
            shown: list[OrderStatus] = []
            for status in (OrderStatus.CONFIRMED, OrderStatus.PROCESSING, OrderStatus.CANCELLED):
                shown.append(status)
                running.show(placed(*shown))
                await publish(running, order_updated(status))
                assert status.value == (await listener.told()).data["status"]
            await listener.end()

    async def test_is_told_though_the_views_lag_behind(self, running: World) -> None:
        running.show(placed())
        async with listening(running, EVENTS) as listener:
            await listener.start()
            await listener.told()
            await publish(running, order_updated(OrderStatus.CONFIRMED))
            await asyncio.sleep(0.03)
            running.show(placed(OrderStatus.CONFIRMED))
            assert OrderStatus.CONFIRMED.rank == (await listener.told()).id

    async def test_is_told_once_though_its_events_come_twice(self, running: World) -> None:
        running.show(placed())
        async with listening(running, EVENTS) as listener:
            await listener.start()
            await listener.told()
            running.show(placed(OrderStatus.CONFIRMED))
            for _ in range(2):
                await publish(running, order_updated(OrderStatus.CONFIRMED))
            assert OrderStatus.CONFIRMED.rank == (await listener.told()).id
            running.show(placed(OrderStatus.CONFIRMED, OrderStatus.CANCELLED))
            await publish(running, order_updated(OrderStatus.CANCELLED))
            assert OrderStatus.CANCELLED.rank == (await listener.told()).id
            await listener.end()

    async def test_is_waited_for_where_it_has_only_just_been_placed(self, running: World) -> None:
        async with listening(running, EVENTS) as listener:
            await asyncio.sleep(0.02)
            running.show(placed())
            assert 200 == await listener.start()
            assert "pending" == (await listener.told()).data["status"]

    async def test_goes_on_behind_the_last_event_that_a_client_got(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        running.show(placed(OrderStatus.CONFIRMED, OrderStatus.CANCELLED))
        headers = {"last-event-id": str(OrderStatus.PENDING.rank)}
        told = all_told_in((await buyer.get(EVENTS, headers=headers)).text)
        ranks = [OrderStatus.CONFIRMED.rank, OrderStatus.CANCELLED.rank]
        assert ranks == [each.id for each in told]

    async def test_has_no_content_for_who_was_told_everything(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        running.show(placed(OrderStatus.CANCELLED))
        headers = {"last-event-id": str(OrderStatus.CANCELLED.rank)}
        answer = await buyer.get(EVENTS, headers=headers)
        assert (204, b"") == (answer.status_code, answer.content)

    @pytest.mark.parametrize("last_event_id", ["", "-1", "x", "1.0", "9" * 50, "²"])
    async def test_is_told_whole_to_who_names_no_event_of_ours(
        self, running: World, buyer: httpx.AsyncClient, last_event_id: str
    ) -> None:
        running.show(placed(OrderStatus.CANCELLED))
        headers = {b"last-event-id": last_event_id.encode("latin-1")}
        assert 2 == len(all_told_in((await buyer.get(EVENTS, headers=headers)).text))

    async def test_is_told_to_its_buyer_its_sellers_and_admins_only(
        self,
        *,
        running: World,
        buyer: httpx.AsyncClient,
        seller: httpx.AsyncClient,
        admin: httpx.AsyncClient,
        other_buyer: httpx.AsyncClient,
        other_seller: httpx.AsyncClient,
        anyone: httpx.AsyncClient,
    ) -> None:
        running.show(placed(OrderStatus.CANCELLED))
        for reader in (buyer, seller, admin):
            assert 200 == (await reader.get(EVENTS)).status_code
        for stranger in (other_buyer, other_seller):
            answer = await stranger.get(EVENTS)
            assert (404, "order_not_found") == (answer.status_code, answer.json()["type"])
        assert 401 == (await anyone.get(EVENTS)).status_code

    async def test_ends_where_the_views_are_away_and_goes_on_when_the_client_is_back(
        self, running: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running.show(placed())
        async with listening(running, EVENTS) as listener:
            await listener.start()
            pending = await listener.told()
            with monkeypatch.context() as away:
                away.setattr(running.views, "order", _is_away)
                await publish(running, order_updated(OrderStatus.CONFIRMED))
                await listener.end()
        running.show(placed(OrderStatus.CONFIRMED))
        async with listening(running, EVENTS, last_event_id=str(pending.id)) as listener:
            assert 200 == await listener.start()
            assert OrderStatus.CONFIRMED.rank == (await listener.told()).id

    async def test_is_refused_where_the_views_are_away(
        self, running: World, buyer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(running.views, "order", _is_away)
        assert 503 == (await buyer.get(EVENTS)).status_code

    async def test_that_is_unknown_is_not_found(
        self, buyer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("apps.gateway.lagging.MOMENT", 0.0)
        assert 404 == (await buyer.get(EVENTS)).status_code

    async def test_wakes_nobody_who_listens_to_another(self, running: World) -> None:
        other = an_order_view(1)
        running.show(placed())
        running.show(other)
        async with listening(running, f"/v1/orders/{other.order_id}/events") as listener:
            await listener.start()
            await listener.told()
            running.show(placed(OrderStatus.CANCELLED))
            await publish(running, order_updated(OrderStatus.CANCELLED))
            running.show(an_order_view(1, OrderStatus.CANCELLED))
            await publish(
                running,
                replace(order_updated(OrderStatus.CANCELLED), order_id=other.order_id),
            )
            assert OrderStatus.CANCELLED.rank == (await listener.told()).id
            await listener.end()


class TestAnOperation:
    async def test_is_told_while_pending_and_when_it_is_over(
        self, running: World, service: Service, buyer: httpx.AsyncClient
    ) -> None:
        location = await accepted(buyer)
        pending = (await buyer.get(location)).json()
        async with listening(running, f"{location}/events") as listener:
            assert 200 == await listener.start()
            assert "text/event-stream; charset=utf-8" == listener.headers["content-type"]
            assert "no-store" == listener.headers["cache-control"]
            assert "no" == listener.headers["x-accel-buffering"]
            assert Told("operation", 0, pending) == await listener.told()
            await service.reply(location[-36:], "CREATE_ORDER", an_order_view().document())
            over = await listener.told()
            await listener.end()
        assert Told("operation", 1, (await buyer.get(location)).json()) == over
        assert "succeeded" == over.data["status"]

    async def test_is_told_live_though_the_views_do_not_show_it_yet(
        self, running: World, service: Service, buyer: httpx.AsyncClient
    ) -> None:
        service.projects = False
        location = await accepted(buyer)
        async with listening(running, f"{location}/events") as listener:
            await listener.start()
            await listener.told()
            refusal = IllegalTransition("It was shipped.")
            await service.reply(location[-36:], "CREATE_ORDER", refusal)
            over = await listener.told()
            await listener.end()
        assert ("failed", 409) == (over.data["status"], over.data["error"]["status"])

    async def test_that_is_over_is_told_at_once(
        self, service: Service, buyer: httpx.AsyncClient
    ) -> None:
        location = await accepted(buyer)
        await service.reply(location[-36:], "CREATE_ORDER", an_order_view().document())
        [over] = all_told_in((await buyer.get(f"{location}/events")).text)
        assert (1, "succeeded") == (over.id, over.data["status"])

    async def test_is_not_told_to_be_pending_twice(
        self, running: World, service: Service, buyer: httpx.AsyncClient
    ) -> None:
        location = await accepted(buyer)
        async with listening(running, f"{location}/events", last_event_id="0") as listener:
            await listener.start()
            assert (await listener.chunk()).startswith("retry: ")
            await service.reply(location[-36:], "CREATE_ORDER", an_order_view().document())
            assert 1 == (await listener.told()).id

    async def test_has_no_content_for_who_was_told_everything(
        self, buyer: httpx.AsyncClient
    ) -> None:
        location = await accepted(buyer)
        answer = await buyer.get(f"{location}/events", headers={"last-event-id": "1"})
        assert (204, b"") == (answer.status_code, answer.content)


class WhatWasNotHeard:
    """What each stream finds by looking again: in its first second, and at every heartbeat."""

    async def test_finds_a_step_of_which_this_process_did_not_hear(self, running: World) -> None:
        running.show(placed())
        async with listening(running, EVENTS) as listener:
            await listener.start()
            await listener.told()
            running.show(placed(OrderStatus.CONFIRMED))
            assert OrderStatus.CONFIRMED.rank == (await listener.told()).id

    async def test_finds_an_outcome_of_which_this_process_did_not_hear(
        self, running: World, service: Service, buyer: httpx.AsyncClient
    ) -> None:
        location = await accepted(buyer)
        async with listening(running, f"{location}/events") as listener:
            await listener.start()
            await listener.told()
            assert ": keep-alive\n\n" == await listener.chunk()
            running.show(apply_reply(None, a_reply(operation_id=location[-36:])))
            assert 1 == (await listener.told()).id
            await listener.end()


class TestTheFirstSecond(WhatWasNotHeard):
    """Here no heart beats."""


class TestAHeartbeat(WhatWasNotHeard):
    @pytest.fixture
    def world(self, monkeypatch: pytest.MonkeyPatch) -> World:
        monkeypatch.setattr(streams, "_SOON_SECONDS", ())
        return World()

    async def test_is_a_comment_that_no_client_sees(self, running: World) -> None:
        running.show(placed())
        async with listening(running, EVENTS) as listener:
            await listener.start()
            await listener.told()
            for _ in range(2):
                assert ": keep-alive\n\n" == await listener.chunk()


class TestWhereOneMayListen:
    @pytest.fixture
    def world(self) -> World:
        world = World(max_streams=1)
        world.container.heartbeat.override(providers.Object(NEVER))
        return world

    async def test_the_next_one_is_to_come_back_later(
        self, running: World, buyer: httpx.AsyncClient, admin: httpx.AsyncClient
    ) -> None:
        location = await accepted(buyer)
        running.show(placed())
        async with listening(running, EVENTS) as listener:
            await listener.start()
            await listener.told()
            for client, path in ((admin, EVENTS), (buyer, f"{location}/events")):
                refused = await client.get(path)
                assert 503 == refused.status_code
                assert "1" == refused.headers["retry-after"]
                assert "unavailable" == refused.json()["type"]

    async def test_a_place_is_free_again_once_its_client_is_gone(self, running: World) -> None:
        running.show(placed())
        for _ in range(2):
            async with listening(running, EVENTS, ADMIN) as listener:
                assert 200 == await listener.start()
                await listener.told()
            assert listener.is_over.is_set()
            assert not running.container.room_for_streams().is_full

    async def test_whoever_follows_an_operation_takes_a_place_too(
        self, running: World, buyer: httpx.AsyncClient
    ) -> None:
        location = await accepted(buyer)
        async with listening(running, f"{location}/events") as listener:
            await listener.start()
            await listener.told()
            assert 503 == (await buyer.get(EVENTS)).status_code
        assert not running.container.room_for_streams().is_full


@pytest.mark.parametrize("kind", ["order", "operation"])
async def test_a_gateway_that_stops_ends_its_streams(
    running: World, buyer: httpx.AsyncClient, kind: str
) -> None:
    location = await accepted(buyer)
    running.show(placed())
    path = EVENTS if kind == "order" else f"{location}/events"
    async with listening(running, path) as listener:
        await listener.start()
        await listener.told()
        running.container.stopping().begin()
        await listener.end()
