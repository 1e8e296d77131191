"""Reads records: their identity, who proved to ask, and the payload that a handler wants."""

from typing import Generic

import msgspec

from tradex_core.errors import Forged, Hopeless, Undecodable
from tradex_core.events import codec
from tradex_core.events.envelope import ActorSignatures, Envelope, read_envelope
from tradex_core.events.fields import Command
from tradex_core.ids import MessageId
from tradex_core.messaging import dead_letters
from tradex_core.messaging.broker import Record
from tradex_core.messaging.routes import Handler, Opened, Routes, U


class _Command(msgspec.Struct):
    command: str
    data: msgspec.Raw


class Opening(msgspec.Struct, frozen=True):
    """What became of a record: `opened`, or the `error` for which it can never be handled."""

    record: Record
    id: MessageId
    handled_id: MessageId
    envelope: Envelope | None = None
    opened: Opened | None = None
    error: Hopeless | None = None

    @property
    def discarded(self) -> bool:
        """Whether an operator gave this message up."""
        return self.replayed and dead_letters.DISCARDED in dict(self.record.headers)

    @property
    def hopeless(self) -> Hopeless:
        """Why it can never be handled."""
        return self.error or Hopeless("it could not be read")

    @property
    def replayed(self) -> bool:
        """Whether an operator sent it again, or gave it up, for this consumer."""
        return self.id != self.handled_id


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
        position = MessageId(record.position)
        try:
            envelope, has_id = read_envelope(
                record.headers, fallback_id=position, fallback_time=record.timestamp
            )
        except Hopeless as error:
            return Opening(record, position, position, error=error)
        message_id = envelope.id
        if record.topic in self._commands and envelope.signature is None and has_id:
            message_id = MessageId(f"unsigned/{envelope.id}")
        handled_id = self._handled_id(record, envelope, message_id)
        try:
            opened = self._read(record, envelope)
        except Hopeless as error:
            return Opening(record, message_id, handled_id, envelope=envelope, error=error)
        return Opening(record, message_id, handled_id, envelope=envelope, opened=opened)

    def _handled_id(self, record: Record, envelope: Envelope, message_id: MessageId) -> MessageId:
        consumer = (
            dict(record.headers).get(dead_letters.CONSUMER) if envelope.replay_count else None
        )
        if consumer is None or consumer.decode(errors="replace") != self._consumer:
            return message_id
        return MessageId(f"{message_id}#{envelope.replay_count}")

    def _read(self, record: Record, envelope: Envelope) -> Opened:
        if record.value is None:
            msg = "the message has no value"
            raise Undecodable(msg)
        if record.topic in self._commands:
            return self._read_command(record.topic, record.value, envelope)
        kind, handler = self._events[record.topic]
        payload = codec.decode(record.value, handler.payload)
        return Opened(envelope, kind.topic, payload, handler, actor=None, is_command=False)

    def _read_command(self, topic: str, value: bytes, envelope: Envelope) -> Opened:
        wire = codec.decode(value, _Command)
        actor = self._signatures.verify(envelope, value)
        kind, handler = self._kind(topic, wire.command)
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
