"""Runs one message's handler on a unit of work and says everything that it publishes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Generic

import msgspec

from tradex_core.clock import Clock
from tradex_core.errors import Discarded, Hopeless, Refusal, Refused, TradexError
from tradex_core.events.fields import Event
from tradex_core.messaging import outgoing, tracing
from tradex_core.messaging.broker import Message
from tradex_core.messaging.opening import Opening
from tradex_core.messaging.outgoing import Cause
from tradex_core.messaging.routes import Context, Opened
from tradex_core.messaging.unit_of_work import W

DONE: Final = "done"


class RefusalChangedState(TradexError):
    """A use case refused after it had changed something: a bug in it."""


class Effect(msgspec.Struct, frozen=True):
    """What a message comes to: what it publishes, and DONE or the slug of its refusal."""

    messages: list[Message]
    outcome: str


class Execution(Generic[W]):
    """Turns an opened message into its effect: events, and for a command its one reply."""

    def __init__(self, consumer: str, *, clock: Clock) -> None:
        self._consumer = consumer
        self._clock = clock

    async def prepare(self, opening: Opening) -> object:
        """Do a message's slow work outside the transaction.

        A refusal is returned as Refused, and why the message can never work as Hopeless.
        """
        opened = opening.opened
        if opened is None or opened.handler.prepare is None or opening.discarded:
            return None
        context = context_of(opening, opened)
        try:
            context.require_in_time(self._clock.now())
            return await opened.handler.prepare(opened.payload, context)
        except Refusal as refusal:
            return Refused(refusal)
        except Hopeless as error:
            return error

    def run(self, unit: W, opening: Opening, opened: Opened, prepared: object) -> Effect:
        """Run the use case; its effect is its events and, for a command, its answers.

        Raises whatever the handler raises but refusals, which are an outcome.
        """
        result, refusal = self._outcome(unit, opening, opened, prepared)
        now = self._clock.now()
        outcome = refusal.slug if refusal else DONE
        events: list[Event] = list(unit.collect())
        if not opened.is_command:
            return Effect(self._messages(opening, opened, events, now), outcome)
        operation = (opening.id, opened.name)
        if refusal:
            reply = outgoing.refused(*operation, refusal, subject=opened.subject, at=now)
        else:
            reply = outgoing.succeeded(*operation, result=result, subject=opened.subject, at=now)
        address = opened.envelope.reply_to
        answer = outgoing.answer(address, reply) if address else None
        messages = self._messages(opening, opened, [*events, reply], now)
        return Effect([*messages, answer] if answer else messages, outcome)

    def _outcome(
        self, unit: W, opening: Opening, opened: Opened, prepared: object
    ) -> tuple[object, Refusal | None]:
        try:
            if opening.discarded:
                return None, Discarded("An operator gave this command up; send it again.")
            context = context_of(opening, opened, prepared)
            context.require_in_time(self._clock.now())
            if isinstance(prepared, Refused):
                return None, prepared.refusal
            result = opened.handler.handle(unit, opened.payload, context)
        except Refusal as refusal:
            if unit.collect():
                msg = f"{opened.name} was refused ({refusal.slug}) after it had changed something"
                raise RefusalChangedState(msg) from refusal
            return None, refusal
        return (None, result.refusal) if isinstance(result, Refused) else (result, None)

    def _messages(
        self, opening: Opening, opened: Opened, events: Sequence[Event], now: datetime
    ) -> list[Message]:
        envelope = opened.envelope
        place = tracing.current().trace or envelope
        cause = Cause(opening.id, envelope.correlation_id, place.traceparent, place.tracestate)
        return outgoing.messages_of(events, cause=cause, source=self._consumer, at=now)


def context_of(opening: Opening, opened: Opened, prepared: object = None) -> Context:
    """Return what a handler may know of its message."""
    envelope = opened.envelope
    return Context(
        opening.id, envelope.id, opened.actor, envelope.time, prepared, envelope.deadline_ms
    )
