"""Nine days pass: ids are forgotten, commands expire, groups lose their offsets, events remain."""

from datetime import timedelta
from typing import Final

from tests.simulation.world import SERVICES, World

_DAYS: Final = timedelta(days=9)
_INBOX_KEPT: Final = timedelta(days=8)


def grow_old(world: World) -> None:
    """Step every clock forward, and let go of what servers keep for fewer days than that.

    Each service then reads all events from the start once more, and knows none by its id: what
    protects it is what it has made of them.
    """
    world.trace("the world", "grows {} older", _DAYS)
    world.remember_records()
    world.clock.ahead += _DAYS
    world.broker.expire()
    now = world.clock.now()
    for name in SERVICES:
        inbox = world.databases[name].inbox
        for handled_id in [each for each, at in inbox.items() if at < now - _INBOX_KEPT]:
            del inbox[handled_id]
    for slot in world.slots.values():
        if slot.process is not None:
            slot.process.die("is stopped for the holidays")
        slot.clock.ahead += _DAYS
    for group in SERVICES:
        world.forget_offsets(group)
    world.journal.effects.clear()
