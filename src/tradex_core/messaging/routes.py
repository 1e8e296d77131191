"""Which message goes to which handler, and how a handler is declared."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from tradex_core.clock import epoch_ms
from tradex_core.errors import DeadlineExceeded, Forbidden
from tradex_core.events.envelope import Actor, Envelope
from tradex_core.events.fields import Command, Event
from tradex_core.ids import MessageId
from tradex_core.messaging.unit_of_work import Need

U = TypeVar("U")


class Context(msgspec.Struct, frozen=True, gc=False):
    """What a handler may know of its message beside the payload.

    `message_id` is its identity and nobody else's; `given_id` the id that its sender gave it.
    `actor` is who proved to ask; None for an event and for a command without a signature. `sent_at`
    is when the message was made, which stays the same however often it is delivered. After
    `deadline_ms`, if there is one, nobody waits for it any more.
    """

    message_id: MessageId
    given_id: MessageId
    actor: Actor | None
    sent_at: datetime
    prepared: Any = None
    deadline_ms: int | None = None

    def require_actor(self) -> Actor:
        """Return who proved to ask; raises Forbidden where nobody did."""
        if self.actor is None:
            msg = "this command needs a signed actor"
            raise Forbidden(msg)
        return self.actor

    def require_in_time(self, now: datetime) -> None:
        """Raise DeadlineExceeded where nobody waits any more: then the work is not to begin."""
        if self.deadline_ms is not None and epoch_ms(now) > self.deadline_ms:
            msg = "Nobody waits for this command any more; it was not started."
            raise DeadlineExceeded(msg)


@dataclass(frozen=True, kw_only=True)
class Handler(Generic[U]):
    """How one kind of message is handled.

    `needs` names the aggregates it is about. `prepare` is slow work that is done before the
    transaction; what it returns comes as `context.prepared`, what it refuses is the outcome.
    `handle` runs the use case on a unit of work and returns what to answer, or None. What does not
    `concern` the consumer comes to nothing whenever it arrives, and is not even remembered.
    """

    payload: type[Any]
    handle: Callable[[U, Any, Context], object | None]
    needs: Callable[[Any, Context], Iterable[Need]] = lambda _payload, _context: ()
    prepare: Callable[[Any, Context], Awaitable[object]] | None = None
    concerns: Callable[[Any], bool] = lambda _payload: True


@dataclass(frozen=True, kw_only=True)
class Routes(Generic[U]):
    """Everything that one consumer handles.

    After a dead letter, later messages of its key go on, but in the topics of `hold`, where they
    wait until an operator has decided. `apart` says that messages of different keys are about
    different aggregates, so that side by side they are not in each other's way.
    """

    commands: Mapping[type[Command], Handler[U]] = field(default_factory=dict)
    events: Mapping[type[Event], Handler[U]] = field(default_factory=dict)
    hold: frozenset[str] = frozenset()
    apart: bool = False

    @property
    def topics(self) -> list[str]:
        """The topics to subscribe to."""
        return sorted({kind.topic for kind in self.commands} | {kind.topic for kind in self.events})


class Opened(msgspec.Struct, frozen=True, gc=False):
    """A record whose envelope and payload could be read, and the handler it is for."""

    envelope: Envelope
    name: str
    payload: Any
    handler: Any
    actor: Actor | None
    is_command: bool

    @property
    def subject(self) -> str | None:
        """The id of the thing that a command is about, where it names one."""
        return self.payload.subject if self.is_command else None
