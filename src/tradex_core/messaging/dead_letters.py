"""Dead letters: messages given up, kept whole with the reason, until an operator decides.

The reason is `exhausted` (every try failed), `undecodable` or `fatal` (it can never work).
"""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

import msgspec

from tradex_core.clock import epoch_ms
from tradex_core.events.envelope import ActorSignatures, Headers
from tradex_core.events.topics import dead_letter_topic
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.parking import Lane

PREFIX: Final = "dlq-"
ID: Final = "dlq-id"
CONSUMER: Final = "dlq-consumer-group"
ORIGIN: Final = "dlq-origin"
REPLAY_COUNT: Final = "dlq-replay-count"
ORIGINAL_TOPIC: Final = "dlq-original-topic"
REASON: Final = "dlq-reason"
ERROR_TYPE: Final = "dlq-exception-type"
ERROR_TEXT: Final = "dlq-exception-message"
ATTEMPTS: Final = "dlq-attempts"
FIRST_FAILED_AT: Final = "dlq-first-failed-at"
FAILED_AT: Final = "dlq-failed-at"
RESOLUTION: Final = "dlq-resolution"
SIGNATURE: Final = "dlq-signature"
EXHAUSTED: Final = "exhausted"
_MAX_TEXT = 500
_MAX_DIGITS = 18


class Resolution(StrEnum):
    """What an operator decided."""

    REDRIVEN = "redriven"
    DISCARDED = "discarded"


class Decision(msgspec.Struct, frozen=True):
    """What an operator decided on a message, for the consumer that gave it up.

    `origin` is where the message first lay, `replay` how many decisions there were with this one.
    """

    consumer: str
    origin: str
    replay: int
    resolution: Resolution

    def headers(self, record: Record, signatures: ActorSignatures) -> Headers:
        """Return the headers that tell of it, signed for this record's message alone."""
        return (
            (CONSUMER, self.consumer.encode()),
            (ORIGIN, self.origin.encode()),
            (REPLAY_COUNT, str(self.replay).encode()),
            (RESOLUTION, self.resolution.encode()),
            (SIGNATURE, signatures.sign_decision(*_signed(self, record)).encode()),
        )

    @classmethod
    def read(cls, record: Record, signatures: ActorSignatures) -> Self | None:
        """Return the decision that a record carries; None where no operator made it."""
        found = dict(record.headers)
        if SIGNATURE not in found:
            return None
        try:
            decision = cls(
                consumer=found[CONSUMER].decode(),
                origin=found[ORIGIN].decode(),
                replay=int(found[REPLAY_COUNT]),
                resolution=Resolution(found[RESOLUTION].decode()),
            )
        except (KeyError, ValueError):
            return None
        signed = _signed(decision, record)
        return decision if signatures.has_signed_decision(found[SIGNATURE], *signed) else None


def _signed(decision: Decision, record: Record) -> tuple[str, ...]:
    given_id = dict(record.headers).get("ce_id", b"")
    return (
        decision.consumer,
        decision.origin,
        str(decision.replay),
        decision.resolution,
        given_id.hex(),
        sha256(record.value or b"").hexdigest(),
    )


def dead_letter(
    record: Record,
    *,
    consumer: str,
    origin: str,
    replays: int,
    reason: str,
    error: str,
    attempts: int,
    first_failed_at: datetime,
    failed_at: datetime,
) -> Message:
    """Lay a record out as a dead letter: its bytes and headers, and what became of it."""
    kind, _, text = error.partition(": ")
    why = {
        ID: f"{consumer}/{record.position}",
        ORIGINAL_TOPIC: record.topic,
        "dlq-original-partition": record.partition,
        "dlq-original-offset": record.offset,
        "dlq-original-timestamp": epoch_ms(record.timestamp),
        CONSUMER: consumer,
        ORIGIN: origin,
        REASON: reason,
        ERROR_TYPE: kind,
        ERROR_TEXT: text[:_MAX_TEXT],
        ATTEMPTS: attempts,
        FIRST_FAILED_AT: first_failed_at.isoformat(),
        FAILED_AT: failed_at.isoformat(),
        REPLAY_COUNT: replays,
    }
    return Message(
        topic=dead_letter_topic(record.topic),
        key=record.key,
        value=record.value,
        headers=(*original_headers(record), *((name, str(v).encode()) for name, v in why.items())),
        partition=record.partition,
    )


def original_headers(record: Record) -> Headers:
    """Return a record's headers without those that were added when it was given up."""
    return tuple(header for header in record.headers if not header[0].startswith(PREFIX))


def error_text(error: BaseException) -> str:
    """Return an exception as one line: its type and what it says."""
    return f"{type(error).__name__}: {error}".replace("\n", " ")[:_MAX_TEXT]


class DeadLetter(msgspec.Struct, frozen=True):
    """An open dead letter as it lies in its topic."""

    record: Record

    @property
    def headers(self) -> dict[str, str]:
        """The headers as text."""
        return {name: raw.decode(errors="replace") for name, raw in self.record.headers}

    @property
    def id(self) -> str:
        """Its id: the consumer that gave it up, and where the original lies."""
        return self.headers[ID]

    @property
    def consumer(self) -> str:
        """The consumer that gave it up."""
        return self.headers[CONSUMER]

    @property
    def reason(self) -> str:
        """Why it was given up, as a slug."""
        return self.headers[REASON]

    @property
    def original_topic(self) -> str:
        """The topic it came from."""
        return self.headers[ORIGINAL_TOPIC]

    @property
    def place(self) -> tuple[str, int, int]:
        """Where the message first lay: those of a key happened in this order."""
        offset = self.headers[ORIGIN].rpartition("-")[2]
        return self.original_topic, self.record.partition, int(offset)

    @property
    def lane(self) -> Lane:
        """What keeps it in order with others."""
        lane = Lane.of(self.consumer, self.record)
        return Lane(consumer=lane.consumer, topic=self.original_topic, key=lane.key)


_NEEDED: Final = frozenset({ID, CONSUMER, ORIGIN, REASON, ORIGINAL_TOPIC, REPLAY_COUNT})


def is_letter(record: Record) -> bool:
    """Whether a record tells all that deciding on it takes; anybody may have written another."""
    headers = dict(record.headers)
    if not headers.keys() >= _NEEDED:
        return False
    numbers = headers[REPLAY_COUNT], headers[ORIGIN].rpartition(b"-")[2]
    if not all(raw.isdigit() and len(raw) <= _MAX_DIGITS for raw in numbers):
        return False
    return record.topic == dead_letter_topic(headers[ORIGINAL_TOPIC].decode(errors="replace"))
