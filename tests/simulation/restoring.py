"""Services' databases once more, from nothing but the log, as an operator restores them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from tests.builders.replays import a_replay
from tests.simulation.stand_ins import SeededEntropy
from tests.simulation.wiring import SIGNATURES
from tests.simulation.world import World

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from adapters.memory.orders import OrdersDatabase
from adapters.memory.products import products_database
from apps.operations.replaying import Missing, ServiceReplay
from tradex_core.messaging.broker import Message
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.observer import Observers

_EMPTY: Final = {"catalog": products_database, "orders": OrdersDatabase}
_BEGINNING: Final = datetime.fromtimestamp(0, UTC)
_LONGER_THAN_A_PAUSE: Final = timedelta(hours=1)


class _Log(MemoryBroker):
    """What another broker holds; its groups are empty, and what is published is kept apart."""

    def __init__(self, broker: MemoryBroker) -> None:
        self.published: list[Message] = []
        vars(self).update(vars(broker))

    async def size_of(self, group: str) -> int:
        return 0

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        self.published += messages
        return [None] * len(messages)


class Restored(NamedTuple):
    """A service's database, why it is not whole, and what the log would have lacked of it."""

    app: str
    database: MemoryDatabase
    problem: str | None
    published: Sequence[Message]


async def restored(world: World) -> Sequence[Restored]:
    """Replay what services handled into databases that are empty, and into backups."""
    found = []
    for app, empty in _EMPTY.items():
        found.append(await _replayed(world, app, empty(world.clock)))
        if backup := world.journal.backups.get(app):
            found.append(await _replayed(world, app, backup))
    return found


async def _replayed(world: World, app: str, database: MemoryDatabase) -> Restored:
    chance, log = world.plan.stream("restore"), _Log(world.broker)
    means = Means(clock=world.clock, entropy=SeededEntropy(chance), observer=Observers())
    replay = a_replay(app, database, broker=log, means=means, signatures=SIGNATURES)
    problem = None
    try:
        await replay.run(_BEGINNING)
    except Missing as missing:
        problem = str(missing)
    else:
        await _try_again(replay)
    return Restored(app, database, problem, log.published)


async def _try_again(replay: ServiceReplay) -> None:
    """Try what is parked and nobody was told of, as the service does once it is started."""
    replay.clock.at = replay.means.clock.now() + _LONGER_THAN_A_PAUSE
    while await replay.service.consumer.dispatcher.retry_due():
        pass
