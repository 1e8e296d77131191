"""Reads records: their identity, who proved to ask, and the payload that a handler wants."""

from typing import Generic

import msgspec

from tradex_core.errors import Forged, Hopeless, Undecodable
from tradex_core.events import codec
from tradex_core.events.envelope import Actor, ActorSignatures, Envelope, read_envelope
from tradex_core.events.fields import Command
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Record
from tradex_core.messaging.dead_letters import Decision, Resolution
from tradex_core.messaging.routes import Handler, Opened, Routes, U

_MAX_COMMAND_ID = 255
"""Ids grow on the way, each message's out of its cause's: there must be room for them."""


class _Command(msgspec.Struct, gc=False):
    command: str
    data: msgspec.Raw


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a record: `opened`, or the `error` for which it can never be handled.

    `origin` is where the message first lay, before any operator sent it again; `decision` is what
    an operator decided on it for this consumer.
    """

    record: Record
    origin: str
    id: MessageId
    decision: Decision | None = None
    opened: Opened | None = None
    error: Hopeless | None = None

    @property
    def handled_id(self) -> MessageId:
        """The identity that the inbox remembers: each time that it is sent again has its own."""
        return self.id if self.decision is None else MessageId(f"{self.id}#{self.replays}")

    @property
    def replays(self) -> int:
        """How often an operator has decided on it."""
        return 0 if self.decision is None else self.decision.replay

    @property
    def discarded(self) -> bool:
        """Whether an operator gave this message up."""
        return self.decision is not None and self.decision.resolution is Resolution.DISCARDED

    @property
    def passed_over(self) -> Opened | None:
        """What was read, where it does not concern the consumer and nothing was decided on it."""
        opened = self.opened
        if opened is None or self.decision is not None or opened.handler.concerns(opened.payload):
            return None
        return opened

    @property
    def envelope(self) -> Envelope | None:
        """Its envelope, where it could be read."""
        return None if self.opened is None else self.opened.envelope

    @property
    def hopeless(self) -> Hopeless:
        """Why it can never be handled."""
        return self.error or Hopeless("it could not be read")


class Opener(Generic[U]):
    """Opens records for one consumer.

    A command without a signature keeps an identity of its own kind, so that nobody can use up the
    identity of somebody else's signed command, and may be one of the original's only.
    """

    def __init__(
        self,
        consumer: str,
        routes: Routes[U],
        *,
        signatures: ActorSignatures,
        unsigned_accepted: bool,
    ) -> None:
        self._consumer = consumer
        self._signatures = signatures
        self._unsigned_accepted = unsigned_accepted
        self._commands: dict[str, dict[str, tuple[type[Command], Handler[U]]]] = {}
        for kind, handler in routes.commands.items():
            self._commands.setdefault(kind.topic, {})[kind.command] = (kind, handler)
        self._events = {kind.topic: (kind, handler) for kind, handler in routes.events.items()}

    def open(self, record: Record) -> Opening:
        """Read a record; never raises."""
        decision = Decision.read(record, self._signatures)
        origin = record.position if decision is None else decision.origin
        if decision is not None and decision.consumer != self._consumer:
            decision = None
        message_id, opened, error = MessageId(origin), None, None
        try:
            envelope, has_id = read_envelope(
                record.headers, fallback_id=message_id, fallback_time=record.timestamp
            )
            message_id = envelope.id
            if record.topic in self._commands:
                if has_id:
                    message_id = MessageId(f"unsigned/{envelope.id}")
                actor = self._signatures.verify(envelope, record.value or b"")
                if actor is not None:
                    message_id = envelope.id
                opened = self._read_command(record, envelope, actor)
            else:
                opened = self._read_event(record, envelope)
        except Hopeless as hopeless:
            error = hopeless
        return Opening(
            record=record,
            origin=origin,
            id=message_id,
            decision=decision,
            opened=opened,
            error=error,
        )

    def _read_event(self, record: Record, envelope: Envelope) -> Opened:
        kind, handler = self._events[record.topic]
        payload = codec.decode(_value(record), handler.payload)
        return Opened(envelope, kind.topic, payload, handler, actor=None, is_command=False)

    def _read_command(self, record: Record, envelope: Envelope, actor: Actor | None) -> Opened:
        if len(envelope.id) > _MAX_COMMAND_ID:
            msg = f"the header ce_id of a command has at most {_MAX_COMMAND_ID} characters"
            raise Undecodable(msg)
        wire = codec.decode(_value(record), _Command)
        kind, handler = self._kind(record.topic, wire.command)
        if actor is None:
            self._check_unsigned(kind)
        elif envelope.type != kind.command:
            msg = f"the header ce_type is {envelope.type!r}, the command is {kind.command}"
            raise Forged(msg)
        payload = codec.decode(wire.data, kind)
        return Opened(envelope, kind.command, payload, handler, actor=actor, is_command=True)

    def _kind(self, topic: str, command: str) -> tuple[type[Command], Handler[U]]:
        known = self._commands[topic]
        if command not in known:
            msg = f"`$.command` must be one of {', '.join(sorted(known))}"
            raise Undecodable(msg)
        return known[command]

    def _check_unsigned(self, kind: type[Command]) -> None:
        if not self._unsigned_accepted:
            msg = "commands without an actor signature are refused (UNSIGNED_COMMANDS)"
            raise Forged(msg)
        if not kind.original:
            msg = f"{kind.command} needs an actor signature"
            raise Forged(msg)


def _value(record: Record) -> bytes:
    if record.value is None:
        msg = "the message has no value"
        raise Undecodable(msg)
    return record.value
