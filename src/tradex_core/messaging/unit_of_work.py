"""The unit of work over a batch: what one transaction reads, changes, publishes and remembers."""

from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Protocol, Self, TypeVar

from tradex_core.events.fields import Event
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.parking import Lane, Parked

Need = tuple[str, str]
"""What a message is about: a collection's name and a key (an id, an e-mail, a sku)."""


class Delivery(Protocol):
    """A record and the identity by which it is known to have been handled."""

    @property
    def record(self) -> Record:
        """The record."""
        ...

    @property
    def handled_id(self) -> MessageId:
        """The identity that the inbox remembers."""
        ...


class UnitOfWork(Protocol):
    """One transaction: entered once, committed at most once, rolled back where it was not.

    Every method may raise Outage. Units of work that run side by side behave as if one came after
    the other: where that cannot be, `load` or `commit` raises StoreConflict and nothing changed.
    """

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these that were handled before."""
        ...

    async def occupied(self, lanes: Collection[Lane]) -> Collection[Lane]:
        """Return the lanes among these that are held or in which messages are parked."""
        ...

    async def load(self, needs: Iterable[Need]) -> None:
        """Load these aggregates, where they exist, for the repositories to hand out."""
        ...

    def collect(self) -> Sequence[Event]:
        """Return the events of what was touched since the last call, in order per aggregate."""
        ...

    def record(self, delivery: Delivery, messages: Sequence[Message]) -> None:
        """Remember that a delivery is handled, and publish its messages after the commit."""
        ...

    def publish(self, messages: Sequence[Message]) -> None:
        """Publish messages after the commit that no delivery caused (a timer's)."""
        ...

    def park(self, parked: Parked) -> None:
        """Set a message aside at the end of its lane; what this unit unparks stays in its place."""
        ...

    def unpark(self, parked: Parked) -> None:
        """Take a message out of its lane; `commit` raises StoreConflict where somebody else did."""
        ...

    def hold(self, lane: Lane) -> None:
        """Let nothing in a lane go on until it is released."""
        ...

    def release(self, lane: Lane) -> None:
        """Let a held lane go on; does nothing to another."""
        ...

    async def commit(self) -> None:
        """Make everything true at once."""
        ...


W = TypeVar("W", bound=UnitOfWork)
