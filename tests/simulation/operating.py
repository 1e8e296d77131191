"""Operators: they decide on what was given up, two at a time, interrupted, and once all is well."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Final

from tests.simulation.process import Process
from tests.simulation.rest import come_to_rest
from tests.simulation.wiring import SIGNATURES, broker_of
from tests.simulation.world import World

from tradex_core.errors import Passing
from tradex_core.events import topics
from tradex_core.messaging.broker import Broker
from tradex_core.messaging.dead_letters import EXHAUSTED, DeadLetter
from tradex_core.messaging.operating import DeadLetters, NotDecided

_ROUNDS: Final = 4
_HANDLED: Final = (*topics.COMMANDS, *topics.EVENTS, topics.COMMAND_REPLIES)
_LONGEST_BREATH: Final = 3.0


class Operators:
    """Whoever is on duty; what one decides, another may decide otherwise at the same moment."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._chance = world.plan.stream("operators")

    async def run(self, decisions: int) -> None:
        """Decide so many times while everything goes wrong, each time in a process of its own."""
        for number in range(decisions):
            await asyncio.sleep(self._chance.random() * _LONGEST_BREATH)
            shift = [self._at_a_console(f"operator-{number}{console}") for console in "ab"]
            await asyncio.gather(*shift, return_exceptions=True)

    async def clear_up(self) -> list[str]:
        """Decide on everything, now that it works; return what is not at rest afterwards."""
        letters = DeadLetters(self._world.broker, _HANDLED, SIGNATURES)
        unrest: list[str] = []
        for _ in range(_ROUNDS):
            exhausted = _exhausted(await letters.open())
            if not exhausted or unrest:
                break
            for letter in exhausted:
                await self._decide(letters, letter, who="an operator")
            unrest = await come_to_rest(self._world)
        return unrest

    async def _at_a_console(self, name: str) -> None:
        world = self._world
        process = Process(name, "operator", world.loop, world.clock)
        await asyncio.wait({process.run(self._decide_on_one(process))})
        process.die("goes home")

    async def _decide_on_one(self, process: Process) -> None:
        broker: Broker = broker_of(process, self._world)
        letters = DeadLetters(broker, _HANDLED, SIGNATURES)
        try:
            exhausted = _exhausted(await letters.open())
            if exhausted:
                await self._decide(letters, exhausted[0], who=process.name)
        except Passing as error:
            self._world.trace(process.name, "gives up: {}", error)

    async def _decide(self, letters: DeadLetters, letter: DeadLetter, *, who: str) -> None:
        decision = _drawn(letter, letters, self._chance)
        self._world.trace(who, "decides to {} {}", decision.__name__, letter.id)
        try:
            await decision(letter.id)
        except NotDecided:
            self._world.trace(who, "is too late")


def _exhausted(letters: list[DeadLetter]) -> list[DeadLetter]:
    return [letter for letter in letters if letter.headers.get("dlq-reason") == EXHAUSTED]


def _drawn(
    letter: DeadLetter, letters: DeadLetters, chance: random.Random
) -> Callable[[str], Awaitable[None]]:
    """Send it again, but now and then give a command up."""
    if letter.original_topic in topics.COMMANDS and chance.random() < 0.3:
        return letters.discard
    return letters.redrive
