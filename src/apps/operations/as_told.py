"""A service's messages once more, each coming to what the topics tell that it came to."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from tradex_core.errors import Forbidden, Outage, Refusal, Undecodable
from tradex_core.events import codec
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.topics import COMMAND_REPLIES
from tradex_core.messaging.broker import Record
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.messaging.unit_of_work import W

K = TypeVar("K")


class OutOfTurn(Outage):
    """Something that came before has yet to be handled again; nothing was changed."""


class Told:
    """What the topics tell that a message came to."""

    reply: CommandReplied | None = None

    @property
    def is_refused(self) -> bool:
        """Whether it was answered that it could not be done."""
        return self.reply is not None and self.reply.status is OutcomeStatus.FAILED

    @property
    def is_done(self) -> bool:
        """Whether it is known to have been done."""
        return self.reply is not None and self.reply.status is OutcomeStatus.SUCCEEDED


T = TypeVar("T", bound=Told)


class AsTold(ABC, Generic[W, T]):
    """Notes what a service published, and then handles what it handled.

    Clocks do not tell in which order things happened, since each process has its own; what was
    published does. What was refused changed nothing, and is refused again unasked.
    """

    overtaken: ClassVar[frozenset[str]] = frozenset()
    """The topics of which nothing comes where the service has heard something later before."""

    def __init__(self, routes: Routes[W], told: type[T]) -> None:
        self._routes = routes
        self._told: dict[str, T] = defaultdict(told)
        self._nothing = told()

    def note(self, record: Record, cause: str) -> None:
        """Take note of what the service published because of a message."""
        told = self._told[cause]
        with suppress(Undecodable):  # no service wrote that
            if record.topic == COMMAND_REPLIES:
                told.reply = codec.decode(record.value or b"", CommandReplied)
            else:
                self.note_event(record, told)

    def routes(self) -> Routes[W]:
        """Return everything that the service handles, handled as told.

        A handler raises OutOfTurn where something else is to come first.
        """
        routes = self._routes
        return replace(
            routes, commands=self._again(routes.commands), events=self._again(routes.events)
        )

    @abstractmethod
    def note_event(self, record: Record, told: T) -> None:
        """Take note of an event, and of what it tells of its cause."""

    @abstractmethod
    def handle(
        self,
        handler: Handler[W],
        unit: W,
        payload: Any,  # noqa: ANN401 - each message has a type of its own
        context: Context,
        told: T,
    ) -> object | None:
        """Handle a message again; raises OutOfTurn, and what the handler raises."""

    def told_of(self, cause: str) -> T:
        """Return what is told that a message came to, if anything."""
        return self._told.get(cause, self._nothing)

    def _again(self, handlers: Mapping[K, Handler[W]]) -> dict[K, Handler[W]]:
        return {
            kind: replace(handler, handle=partial(self._handle, handler))
            for kind, handler in handlers.items()
        }

    def _handle(
        self,
        handler: Handler[W],
        unit: W,
        payload: Any,  # noqa: ANN401 - each message has a type of its own
        context: Context,
    ) -> object | None:
        told = self.told_of(context.message_id)
        if told.is_refused:
            msg = "It was refused before, and that was answered."
            raise Forbidden(msg)
        try:
            return self.handle(handler, unit, payload, context, told)
        except Refusal as refusal:
            if told.is_done:
                raise OutOfTurn(str(refusal)) from refusal
            raise
