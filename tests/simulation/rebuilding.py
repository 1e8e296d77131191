"""The views once more, from nothing but the log, as an operator rebuilds them."""

from dependency_injector import providers
from tests.simulation.stand_ins import SeededEntropy
from tests.simulation.wiring import SIGNATURES
from tests.simulation.world import World

from adapters.memory.view_unit import ViewsDatabase
from apps.projector.container import ProjectorContainer
from apps.runtime.service import Service
from apps.runtime.settings import Settings
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.observer import Observers
from tradex_core.messaging.replay import Replay


async def rebuilt_views(world: World) -> ViewsDatabase:
    """Replay every topic, in an order that the seed draws, into a new database of views."""
    chance = world.plan.stream("rebuild")
    database = ViewsDatabase(world.clock)
    means = Means(clock=world.clock, entropy=SeededEntropy(chance), observer=Observers())
    container = ProjectorContainer(
        settings=providers.Object(Settings.embedded()),
        broker=providers.Object(world.broker),
        means=providers.Object(means),
        signatures=providers.Object(SIGNATURES),
    )
    container.database.override(providers.Object(database))
    service: Service = container.service()
    topics = list(service.consumer.topics)
    chance.shuffle(topics)
    await Replay(world.broker, service.consumer.dispatcher).run(topics)
    return database
