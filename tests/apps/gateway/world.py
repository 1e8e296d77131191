"""The gateway of a test, the clients that use it, and a service that answers as it is told."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
from dependency_injector import providers
from msgspec import Struct
from tests.builders.users import HandSetClock, OpenSealing
from tests.builders.views import kept_under

from adapters.memory.attempts import MemoryAttempts
from adapters.memory.broker import MemoryBroker
from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.memory.views import MemoryViews
from adapters.security.token_keys import AccessTokenKeys
from apps.gateway.container import GatewayContainer
from apps.runtime.settings import Settings
from tradex_core.clock import Clock
from tradex_core.errors import Outage, Refusal
from tradex_core.events import codec, topics
from tradex_core.events.envelope import Actor, ActorSignatures, Envelope, read_envelope
from tradex_core.events.reply import CommandReplied
from tradex_core.events.user import Role
from tradex_core.ids import MessageId, UserId
from tradex_core.messaging import outgoing
from tradex_core.messaging.broker import Message, Record
from tradex_core.users.attempts import Attempts
from tradex_core.views.operation_view import apply_reply
from tradex_core.views.ports import View

BUYER = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000b1", role=Role.BUYER)
OTHER_BUYER = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000b2", role=Role.BUYER)
SELLER = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000c1", role=Role.SELLER)
OTHER_SELLER = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000c2", role=Role.SELLER)
ADMIN = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000e1", role=Role.ADMIN)

SIGNATURES = ActorSignatures(b"the key that all apps share")
TOKEN_KEYS = AccessTokenKeys.generate()
PATIENCE = 5.0
"""Seconds after which something that should happen at once has failed."""


class CountingEntropy:
    """Gives 1, 2, 3 and so on."""

    def __init__(self) -> None:
        self._last = 0

    def bits(self, count: int) -> int:
        self._last += 1
        return self._last & (1 << count) - 1


class Command(Struct, frozen=True):
    """A command as a service sees it."""

    envelope: Envelope
    name: str
    data: Mapping[str, Any]
    record: Record

    @property
    def actor(self) -> Actor | None:
        """Who asks, where the signature is right."""
        return SIGNATURES.verify(self.envelope, self.record.value or b"")


class FaultyBroker(MemoryBroker):
    """A broker whose next answers to whoever publishes can be errors."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self._faults: deque[tuple[Exception, bool]] = deque()
        self.gate: asyncio.Event | None = None

    def fail_next(self, error: Exception, *, published: bool = False) -> None:
        """Answer one call with an error; if `published`, the broker has its messages."""
        self._faults.append((error, published))

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        if self.gate is not None:
            await self.gate.wait()
        if not self._faults:
            return await super().publish(messages)
        error, published = self._faults.popleft()
        if published:
            await super().publish(messages)
        return [error for _ in messages]


class SwitchableViews(MemoryViews):
    """Views that can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    async def product(self, product_id: str) -> Any:  # noqa: ANN401 - as the port has it
        self._require_there()
        return await super().product(product_id)

    async def products_by_id(self, product_ids: Any) -> Any:  # noqa: ANN401 - as the port has it
        self._require_there()
        return await super().products_by_id(product_ids)

    def _require_there(self) -> None:
        if self.away:
            msg = "the views are away"
            raise Outage(msg)


class World:
    """A gateway over a real broker and real views, on a clock that stands still."""

    def __init__(self, **settings: object) -> None:
        self.clock = HandSetClock()
        self.broker = FaultyBroker(self.clock)
        self.views = SwitchableViews()
        self.settings = Settings.embedded(**settings)
        self.readiness: dict[str, bool] = {}
        self.failures: list[BaseException] = []
        self.records = MemoryIdempotencyRecords()
        self.attempts: Attempts = MemoryAttempts()
        self._entropy = CountingEntropy()
        self.container = self.new_container()
        self.container.heartbeat.override(providers.Object(0.05))

    def new_container(self) -> GatewayContainer:
        """Return a gateway's container: another replica, with the same keys and stores."""
        return GatewayContainer(
            settings=self.settings,
            broker=self.broker,
            views=self.views,
            idempotency_records=self.records,
            attempts=self.attempts,
            clock=self.clock,
            entropy=self._entropy,
            signatures=SIGNATURES,
            sealer=OpenSealing(),
            token_keys=TOKEN_KEYS,
            gateway_key=b"the key that all gateways share!",
            ready=providers.Object(self._ready),
            failed=providers.Object(self.failures.append),
        )

    async def _ready(self) -> Mapping[str, bool]:
        return self.readiness

    def token(self, actor: Actor) -> str:
        """Return an access token of somebody's."""
        issued: str = self.container.token_issuer().issue(UserId(actor.user_id), actor.role)
        return issued

    def client(
        self, actor: Actor | None = None, *, container: GatewayContainer | None = None
    ) -> httpx.AsyncClient:
        """Return somebody's client; of nobody who is signed in without an actor."""
        headers = {} if actor is None else {"authorization": f"Bearer {self.token(actor)}"}
        app: Any = (container or self.container).app()
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=headers)

    def show(self, view: View) -> None:
        """Let the views show something."""
        self.views.write(*kept_under(view), view)

    async def commands(self) -> list[Command]:
        """Return every command that was published, topic by topic."""
        found = []
        for topic in topics.COMMANDS:
            for partition, (start, end) in (await self.broker.offsets(topic)).items():
                records = await self.broker.read(
                    topic, partition, start=start, limit=max(end - start, 1)
                )
                found += [command_in(record) for record in records]
        return found

    async def only_command(self) -> Command:
        """Return the one command that was published."""
        [command] = await self.commands()
        return command

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run the gateway, as a server does; the topics are there."""
        await self.broker.apply(topics.all_topics())
        begun, over = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(self._run(begun, over))
        await asyncio.wait({task, asyncio.create_task(begun.wait())}, return_when="FIRST_COMPLETED")
        yield
        over.set()
        await task
        await self.broker.close()

    async def _run(self, begun: asyncio.Event, over: asyncio.Event) -> None:
        """Enter and leave the lifespan in one task; a fixture begins and ends in two."""
        async with self.container.app().lifespan():
            begun.set()
            await over.wait()


def command_in(record: Record) -> Command:
    """Read a command from the log."""
    envelope, _ = read_envelope(
        record.headers, fallback_id=MessageId("none"), fallback_time=record.timestamp
    )
    value = codec.decode(record.value or b"", dict[str, Any])
    return Command(envelope, value["command"], value["data"], record)


Answering = Callable[[Command], object]


class Service:
    """Answers commands as it is told: with a result, or a refusal; others it leaves pending.

    Of what it answers it also keeps the operation's view, as the projector does, unless told
    otherwise.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._answers: dict[str, Answering] = {}
        self._subjects: dict[str, str | None] = {}
        self.projects = True

    def answers(self, name: str, answer: Answering | object, *, subject: str | None = None) -> None:
        """Answer a command from now on with a value, or with what a function makes of it."""
        self._answers[name] = answer if callable(answer) else lambda _: answer
        self._subjects[name] = subject

    async def run(self) -> None:
        """Answer until cancelled."""
        async for records in self._world.broker.follow(topics.COMMANDS):
            for record in records:
                await self._handle(command_in(record))

    async def _handle(self, command: Command) -> None:
        answering = self._answers.get(command.name)
        if answering is None:
            return
        await self.reply(command.envelope.id, command.name, answering(command))

    async def reply(self, operation_id: str, name: str, outcome: object) -> None:
        """Publish a command's outcome: a Refusal, or a result."""
        now, subject = self._world.clock.now(), self._subjects.get(name)
        if isinstance(outcome, Refusal):
            reply = outgoing.refused(operation_id, name, outcome, subject=subject, at=now)
        else:
            reply = outgoing.succeeded(operation_id, name, result=outcome, subject=subject, at=now)
        reply = codec.decode(codec.encode(reply), CommandReplied)
        if self.projects:
            self._world.show(apply_reply(None, reply))
        message = Message(topics.COMMAND_REPLIES, reply.key.encode(), codec.encode(reply))
        await self._world.broker.publish([message])


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fails where that takes longer than PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - anything at all may be waited for
            await asyncio.sleep(0.002)


def minutes(count: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=count)
