"""What a unit of work holds in memory: the aggregates it loaded, and what is to be made true."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from tradex_core.errors import StoreConflict
from tradex_core.events.fields import Event
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message
from tradex_core.messaging.parking import Lane, Parked
from tradex_core.messaging.unit_of_work import Delivery, Need

A = TypeVar("A")


@dataclass(frozen=True)
class Collection:
    """How a collection is kept: its aggregates' class, their id, and further unique keys by name.

    What is `related` to a state is loaded with it; with `history`, its facts are kept for ever.
    """

    aggregate: Callable[[Any], Any]
    id: Callable[[Any], str]
    unique: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    related: Callable[[Any], Iterable[Need]] = lambda _state: ()
    history: bool = False


class Change(msgspec.Struct, frozen=True, gc=False):
    """An aggregate that was added or changed, and its state as it was loaded (None: added)."""

    collection: str
    key: str
    aggregate: Any
    former: Any


class Workspace:
    """The half of a unit of work that every store shares: all but loading and committing.

    A store gives `keep` what it has read, and writes what `changes` and the lists say.
    """

    def __init__(self, collections: Mapping[str, Collection]) -> None:
        self._collections = collections
        self._owners = {
            index: name for name, collection in collections.items() for index in collection.unique
        }
        self._aggregates: dict[Need, Any] = {}
        self._touched: dict[int, Any] = {}
        self.read: dict[Need, Any] = {}
        """What was loaded, by every key it has; None where there was nothing."""
        self.recorded: list[MessageId] = []
        self.messages: list[Message] = []
        self.parked: list[Parked] = []
        self.unparked: list[Parked] = []
        self.held: dict[Lane, bool] = {}
        """The lanes to be held (True) or released (False)."""

    def keep(self, need: Need, state: Any) -> list[Need]:  # noqa: ANN401 - each collection its own
        """Take what a store read for a need (None: nothing); return what is to be loaded with it.

        The same state read by another of its keys is the same aggregate.
        """
        self.read[need] = state
        if state is None:
            return []
        owner = self._owners.get(need[0], need[0])
        needs = self._needs_of(owner, state)
        if needs[0] in self._aggregates:
            return []
        aggregate = self._collections[owner].aggregate(state)
        for each in needs:
            self.read[each] = state
            self._aggregates[each] = aggregate
        return [
            other for other in self._collections[owner].related(state) if other not in self.read
        ]

    def find(self, collection: str, key: str) -> Any:  # noqa: ANN401 - each collection its own
        """Return a loaded or added aggregate by its id or another unique key, or None.

        Raises LookupError where the handler's needs did not name it: a bug in them.
        """
        if (collection, key) not in self.read:
            msg = f"{collection} {key!r} was not named among the handler's needs"
            raise LookupError(msg)
        aggregate = self._aggregates.get((collection, key))
        if aggregate is not None:
            self._touched.setdefault(id(aggregate), aggregate)
        return aggregate

    def add(self, collection: str, aggregate: Any) -> None:  # noqa: ANN401 - each collection its own
        """Add a new aggregate under its id and its unique keys.

        Raises StoreConflict where another that was loaded has one of them.
        """
        needs = self._needs_of(collection, aggregate.state)
        if any(need in self._aggregates for need in needs):
            msg = f"{collection} {needs[0][1]!r} shares a unique key with another"
            raise StoreConflict(msg)
        for need in needs:
            self.read.setdefault(need, None)
            self._aggregates[need] = aggregate
        self._touched.setdefault(id(aggregate), aggregate)

    def collect(self) -> Sequence[Event]:
        """Return the events of what was touched since the last call, in order per aggregate."""
        touched, self._touched = self._touched, {}
        return [event for aggregate in touched.values() for event in aggregate.take_events()]

    def record(self, delivery: Delivery, messages: Sequence[Message]) -> None:
        """Remember that a delivery is handled, and publish its messages after the commit."""
        self.recorded.append(delivery.handled_id)
        self.messages.extend(messages)

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish messages after the commit that no delivery caused."""
        self.messages.extend(messages)

    def park(self, parked: Parked) -> None:
        """Set a message aside at the end of its lane, or back in its place."""
        self.parked.append(parked)

    def unpark(self, parked: Parked) -> None:
        """Take a message out of its lane."""
        self.unparked.append(parked)

    def hold(self, lane: Lane) -> None:
        """Let nothing in a lane go on until it is released."""
        self.held[lane] = True

    def release(self, lane: Lane) -> None:
        """Let a held lane go on."""
        self.held[lane] = False

    def changes(self) -> Iterator[Change]:
        """Return each aggregate that is to be written, once."""
        for (collection, key), aggregate in self._aggregates.items():
            if collection in self._collections:
                former = self.read.get((collection, key))
                if aggregate.state is not former:
                    yield Change(collection, key, aggregate, former)

    def leaving(self) -> Iterator[Parked]:
        """Return what leaves its lane: what was unparked and not parked again."""
        staying = {parked.record.position for parked in self.parked}
        return (parked for parked in self.unparked if parked.record.position not in staying)

    def _needs_of(self, collection: str, state: Any) -> list[Need]:  # noqa: ANN401
        kind = self._collections[collection]
        unique = [(index, key_of(state)) for index, key_of in kind.unique.items()]
        return [(collection, kind.id(state)), *unique]


class Repository(Generic[A]):
    """The aggregates of one collection that a unit of work has loaded."""

    def __init__(self, workspace: Workspace, collection: str) -> None:
        self._workspace = workspace
        self._collection = collection

    def find(self, key: str) -> A | None:
        """Return an aggregate by its id, the same object at every call; None where there is none.

        Raises LookupError where the handler's needs did not name it.
        """
        return self._by(self._collection, key)

    def add(self, aggregate: A) -> None:
        """Add an aggregate whose id and unique keys are new."""
        self._workspace.add(self._collection, aggregate)

    def _by(self, collection: str, key: str) -> A | None:
        found: A | None = self._workspace.find(collection, key)
        return found
