"""Servers of a test that can be away."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from adapters.memory.broker import MemoryBroker
from adapters.memory.groups import MemorySubscription
from tradex_core.clock import Clock
from tradex_core.errors import Outage
from tradex_core.messaging.broker import Message

PATIENCE = 5.0
"""Seconds after which something that should happen at once has failed."""


class Switch:
    """A server that is asked, and is there or away."""

    def __init__(self, *, away: bool = False) -> None:
        self.away = away
        self.asked = 0

    async def ask(self) -> None:
        self.asked += 1
        self.require_there()

    def require_there(self) -> None:
        if self.away:
            msg = "nobody listens on port 1"
            raise Outage(msg)


class SwitchedBroker(MemoryBroker):
    """A broker that can be away."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.switch = Switch()
        self.members = 0

    async def ping(self) -> None:
        await self.switch.ask()

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        if self.switch.away:
            return [Outage("the broker is away") for _ in messages]
        return await super().publish(messages)

    async def subscribe(self, group: str, topics: Sequence[str]) -> MemorySubscription:
        self.switch.require_there()
        self.members += 1
        return await super().subscribe(group, topics)


async def eventually(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something that has to be asked for is so, as `until` does."""
    async with asyncio.timeout(PATIENCE):
        while not await condition():  # noqa: ASYNC110 - anything at all may be waited for
            await asyncio.sleep(0.002)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; fails where that takes longer than PATIENCE."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - anything at all may be waited for
            await asyncio.sleep(0.002)
