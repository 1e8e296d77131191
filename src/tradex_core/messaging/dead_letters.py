"""Dead letters: messages given up, kept whole with the reason, until an operator decides.

The reason is `exhausted` (every try failed), `undecodable` or `fatal` (it can never work).
"""

import hmac
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Final, Self

import msgspec

from tradex_core.clock import epoch_ms
from tradex_core.errors import TradexError
from tradex_core.events.envelope import ActorSignatures, Headers
from tradex_core.events.topics import dead_letter_topic
from tradex_core.messaging.broker import Broker, Message, Record

PREFIX: Final = "dlq-"
ID: Final = "dlq-id"
CONSUMER: Final = "dlq-consumer-group"
ORIGIN: Final = "dlq-origin"
REPLAY_COUNT: Final = "dlq-replay-count"
ORIGINAL_TOPIC: Final = "dlq-original-topic"
REASON: Final = "dlq-reason"
RESOLUTION: Final = "dlq-resolution"
SIGNATURE: Final = "dlq-signature"
EXHAUSTED: Final = "exhausted"
_MAX_TEXT = 500
_PAGE = 500


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
            (SIGNATURE, _signature(self, record, signatures)),
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
        expected = _signature(decision, record, signatures)
        return decision if hmac.compare_digest(expected, found[SIGNATURE]) else None


def _signature(decision: Decision, record: Record, signatures: ActorSignatures) -> bytes:
    given_id = dict(record.headers).get("ce_id", b"")
    return signatures.sign_decision(
        decision.consumer,
        decision.origin,
        str(decision.replay),
        decision.resolution,
        given_id.hex(),
        sha256(record.value or b"").hexdigest(),
    ).encode()


class UnknownDeadLetter(TradexError):
    """There is no open dead letter with this id."""


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
        "dlq-exception-type": kind,
        "dlq-exception-message": text[:_MAX_TEXT],
        "dlq-attempts": attempts,
        "dlq-first-failed-at": first_failed_at.isoformat(),
        "dlq-failed-at": failed_at.isoformat(),
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
    def original_topic(self) -> str:
        """The topic it came from."""
        return self.headers[ORIGINAL_TOPIC]


_NEEDED: Final = frozenset({ID, CONSUMER, ORIGIN, REASON, ORIGINAL_TOPIC, REPLAY_COUNT})


def _is_letter(record: Record) -> bool:
    """Whether a record tells all that deciding on it takes; anybody may have written another."""
    headers = dict(record.headers)
    if not headers.keys() >= _NEEDED or not headers[REPLAY_COUNT].isdigit():
        return False
    return record.topic == dead_letter_topic(headers[ORIGINAL_TOPIC].decode(errors="replace"))


class DeadLetters:
    """What operators do with dead letters; what they decided lies in the same topics.

    A decision is published first and noted after: interrupted between the two, it is taken again
    under the same identity, and the consumer that gave the message up handles it once.
    """

    def __init__(self, broker: Broker, topics: Iterable[str], signatures: ActorSignatures) -> None:
        self._broker = broker
        self._signatures = signatures
        self._topics = [dead_letter_topic(topic) for topic in topics]

    async def open(self) -> list[DeadLetter]:
        """Return the dead letters that nobody has decided on, oldest first per partition."""
        found: dict[str, DeadLetter] = {}
        decided: set[str] = set()
        async for record in self._records():
            headers = dict(record.headers)
            letter_id = headers.get(ID, b"").decode(errors="replace")
            if RESOLUTION in headers:
                decided.add(letter_id)
                found.pop(letter_id, None)
            elif letter_id not in decided and _is_letter(record):
                found[letter_id] = DeadLetter(record)
        return list(found.values())

    async def redrive(self, letter_id: str) -> None:
        """Send the original to its topic again, for the consumer that gave it up.

        Raises UnknownDeadLetter, and whatever publishing raises; then nothing is decided.
        """
        await self._decide(letter_id, Resolution.REDRIVEN)

    async def discard(self, letter_id: str) -> None:
        """Give the message up for good; a command is answered as failed, its lane goes on.

        Raises UnknownDeadLetter, and whatever publishing raises; then nothing is decided.
        """
        await self._decide(letter_id, Resolution.DISCARDED)

    async def _decide(self, letter_id: str, resolution: Resolution) -> None:
        letter = next((letter for letter in await self.open() if letter.id == letter_id), None)
        if letter is None:
            msg = f"no open dead letter {letter_id!r}: `tradex dead-letters list` shows them"
            raise UnknownDeadLetter(msg)
        record = letter.record
        decision = Decision(
            consumer=letter.headers[CONSUMER],
            origin=letter.headers[ORIGIN],
            replay=int(letter.headers[REPLAY_COUNT]) + 1,
            resolution=resolution,
        )
        again = (*original_headers(record), *decision.headers(record, self._signatures))
        await self._publish(
            Message(
                topic=letter.original_topic,
                key=record.key,
                value=record.value,
                headers=again,
                partition=record.partition,
            )
        )
        noted = ((ID, letter_id.encode()), (RESOLUTION, resolution.encode()))
        await self._publish(
            Message(
                topic=record.topic,
                key=record.key,
                value=None,
                headers=noted,
                partition=record.partition,
            )
        )

    async def _publish(self, message: Message) -> None:
        [error] = await self._broker.publish([message])
        if error is not None:
            raise error

    async def _records(self) -> AsyncIterator[Record]:
        for topic in self._topics:
            for partition, (start, end) in (await self._broker.offsets(topic)).items():
                at = start
                while at < end:
                    records = await self._broker.read(topic, partition, start=at, limit=_PAGE)
                    if not records:
                        break
                    for record in records:
                        yield record
                    at = records[-1].offset + 1
