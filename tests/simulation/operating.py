"""The operator: decides on what was given up, once everything works again."""

from tests.simulation.rest import come_to_rest
from tests.simulation.world import World
from tradex_core.events import topics
from tradex_core.messaging.dead_letters import EXHAUSTED, DeadLetters

_ROUNDS = 3


async def decide(world: World) -> list[str]:
    """Send again what was given up after all its tries, or give it up for good; return unrest."""
    chance = world.plan.stream("operator")
    names = (*topics.COMMANDS, *topics.EVENTS, topics.COMMAND_REPLIES)
    letters = DeadLetters(world.broker, names)
    unrest: list[str] = []
    for _ in range(_ROUNDS):
        exhausted = [x for x in await letters.open() if x.headers["dlq-reason"] == EXHAUSTED]
        if not exhausted or unrest:
            return unrest
        for letter in exhausted:
            is_command = letter.original_topic in topics.COMMANDS
            if is_command and chance.random() < 0.3:  # noqa: PLR2004 - some are given up
                world.trace("the operator", "discards {}", letter.id)
                await letters.discard(letter.id)
            else:
                world.trace("the operator", "sends {} again", letter.id)
                await letters.redrive(letter.id)
        unrest = await come_to_rest(world)
    return unrest
