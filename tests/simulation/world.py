"""The world: what outlives every process, and the processes that are to run in it."""

import random
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Final

from tests.simulation.attacks import Attack
from tests.simulation.brokers import Wire
from tests.simulation.faults import Faults
from tests.simulation.link import Link, Server
from tests.simulation.loop import SimulatedLoop
from tests.simulation.plan import Plan
from tests.simulation.process import MachineClock, Process
from tests.simulation.stores import Journal
from tests.simulation.trace import Trace

from adapters.memory.broker import MemoryBroker
from adapters.memory.database import MemoryDatabase
from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.memory.orders import OrdersDatabase
from adapters.memory.products import products_database
from adapters.memory.users import users_database
from adapters.memory.view_unit import ViewsDatabase
from tradex_core.events.topics import all_topics
from tradex_core.messaging.broker import Partition, Record

SERVICES: Final = ("auth", "catalog", "orders", "projector")
PENDING_TIMEOUT: Final = timedelta(seconds=3)
_LONGEST_RESTART: Final = 0.6
_SKEW_MS: Final = 400
_BUSY: Final = 80
"""How many commits a service makes on a busy day."""
_EVERYTHING: Final = 1 << 30

Boot = Callable[["Process", "World"], Coroutine[Any, Any, None]]


class Slot:
    """A place for a process: when the one in it dies, another is started in its stead."""

    def __init__(self, name: str, app: str, world: "World") -> None:
        self.name = name
        self.app = app
        self.process: Process | None = None
        self.is_wanted = True
        self.incarnations = 0
        self.clock = MachineClock(world.loop, ahead=world.skew())
        self._world = world

    def start(self) -> None:
        """Start a process, unless there is one, or there is to be none."""
        world = self._world
        if self.process is not None or not self.is_wanted:
            return
        self.incarnations += 1
        process = Process(self.name, self.app, world.loop, self.clock)
        process.on_death = self._died
        self.process = process
        world.trace(self.name, "starts")
        process.run(world.boot(process, world))

    def stop(self) -> None:
        """Kill the process and let none come after it until `start` is wanted again."""
        self.is_wanted = False
        if self.process is not None:
            self.process.die("is shut off")

    def _died(self, reason: str) -> None:
        world, process = self._world, self.process
        world.trace(self.name, "dies: {}", reason)
        if process is not None:
            world.dead.append(process)
        self.process = None
        delay = world.chance.random() * _LONGEST_RESTART
        world.loop.call_later(delay, self.start)


class World:
    """Databases, the broker, and a slot for each process; everything else comes and goes."""

    def __init__(self, plan: Plan, boot: Boot) -> None:
        self.plan = plan
        self.boot = boot
        self.chance = plan.stream("world")
        self.loop = SimulatedLoop(plan.stream("schedule"))
        self.loop.adopt = _adopt
        self.trace = Trace(self.loop.time)
        self.faults = Faults(plan)
        backing_up = plan.stream("backup")
        self.journal = Journal({app: backing_up.randint(1, _BUSY) for app in ("catalog", "orders")})
        self.clock = MachineClock(self.loop)
        self.broker = MemoryBroker(self.clock)
        self.wire = Wire(self.broker, self.loop)
        self.views = ViewsDatabase(self.clock)
        self.databases: dict[str, MemoryDatabase] = {
            "auth": users_database(self.clock),
            "catalog": products_database(self.clock),
            "orders": OrdersDatabase(self.clock),
            "projector": self.views,
        }
        self.servers = {name: Server(name) for name in (*SERVICES, "gateway", "broker")}
        self.idempotency = MemoryIdempotencyRecords()
        self.dead: list[Process] = []
        self.surprises: list[str] = []
        self.secrets: set[str] = set()
        self.logged: list[str] = []
        self.clients: list[Any] = []
        self._expired: dict[Partition, list[Record]] = {}
        self.attacks: dict[str, Attack] = {}
        self.topics = [topic.name for topic in all_topics()]
        self.topics_of: dict[str, list[str]] = {}
        self.slots = {
            f"{app}-{number}": Slot(f"{app}-{number}", app, self)
            for app, replicas in plan.replicas.items()
            for number in range(1, replicas + 1)
        }

    def link(self, process: Process, server: str) -> Link:
        """Return a process's way to a server."""
        return Link(process, self.servers[server], self.faults, self.trace, self.loop)

    def stream_of(self, process: Process) -> random.Random:
        """Return the chance that a process has for itself."""
        return self.plan.stream(f"{process.name}/{self.slots[process.name].incarnations}")

    def skew(self) -> timedelta:
        """Draw by how much a machine's clock is off."""
        return timedelta(milliseconds=self.chance.randint(-_SKEW_MS, _SKEW_MS))

    def records_of(self, topic: str) -> list[Record]:
        """Return everything that ever lay in a topic, partition by partition."""
        records: list[Record] = []
        # Without a task and a turn for each partition, of which there are many.
        for log in self.broker._topics[topic].partitions:  # noqa: SLF001
            expired = self._expired.get(log.id, [])
            records += (record for record in expired if record.offset < log.first)
            records += log.read(0, _EVERYTHING)
        return records

    def remember_records(self) -> None:
        """Keep for the judge what the broker is about to let go of."""
        for topic in self.topics:
            for log in self.broker._topics[topic].partitions:  # noqa: SLF001
                self._expired[log.id] = log.read(0, _EVERYTHING)

    def forget_offsets(self, group: str) -> None:
        """Let a group begin at the start of its topics again, as brokers do with idle groups."""
        known = self.broker._groups.get(group)  # noqa: SLF001 - no client may ask for that
        if known is not None:
            known.committed.clear()

    def running(self, app: str) -> list[Process]:
        """Return an app's processes that are alive."""
        found = (slot.process for slot in self.slots.values() if slot.app == app)
        return [process for process in found if process is not None]

    def surprise(self, what: str) -> None:
        """Write down what should not have happened whatever the faults."""
        self.trace("the world", "is surprised: {}", what)
        self.surprises.append(what)


def _adopt(owner: object, task: Any) -> None:  # noqa: ANN401 - a task of whatever
    if isinstance(owner, Process):
        owner.adopt(task)
