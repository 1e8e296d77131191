"""Dead letters: messages given up, kept whole with the reason, until an operator decides.

The reason is `exhausted` (every try failed), `undecodable` or `fatal` (it can never work).
"""

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from tradex_core.clock import epoch_ms
from tradex_core.errors import TradexError
from tradex_core.events.envelope import REPLAY_COUNT, Headers
from tradex_core.events.topics import dead_letter_topic
from tradex_core.messaging.broker import Broker, Message, Record

PREFIX: Final = "dlq-"
ID: Final = "dlq-id"
CONSUMER: Final = "dlq-consumer-group"
RESOLUTION: Final = "dlq-resolution"
DISCARDED: Final = "dlq-discarded"
EXHAUSTED: Final = "exhausted"
_MAX_TEXT = 500
_PAGE = 500


class Resolution(StrEnum):
    """What an operator decided."""

    REDRIVEN = "redriven"
    DISCARDED = "discarded"


class UnknownDeadLetter(TradexError):
    """There is no open dead letter with this id."""


def dead_letter(
    record: Record,
    *,
    consumer: str,
    reason: str,
    error: str,
    attempts: int,
    first_failed_at: datetime,
    failed_at: datetime,
) -> Message:
    """Lay a record out as a dead letter: its bytes and headers, and what became of it."""
    kind, _, text = error.partition(": ")
    replays = dict(record.headers).get(REPLAY_COUNT, b"0").decode(errors="replace")
    why = {
        ID: f"{consumer}/{record.position}",
        "dlq-original-topic": record.topic,
        "dlq-original-partition": record.partition,
        "dlq-original-offset": record.offset,
        "dlq-original-timestamp": epoch_ms(record.timestamp),
        CONSUMER: consumer,
        "dlq-reason": reason,
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
        return self.headers["dlq-original-topic"]


class DeadLetters:
    """What operators do with dead letters; what they decided lies in the same topics.

    A decision is published first and noted after: interrupted between the two, it is taken again
    under the same identity, and the consumer that gave the message up handles it once.
    """

    def __init__(self, broker: Broker, topics: Iterable[str]) -> None:
        self._broker = broker
        self._topics = [dead_letter_topic(topic) for topic in topics]

    async def open(self) -> list[DeadLetter]:
        """Return the dead letters that nobody has decided on, oldest first per partition."""
        found: dict[str, DeadLetter] = {}
        async for record in self._records():
            headers = dict(record.headers)
            letter_id = headers.get(ID, b"").decode(errors="replace")
            if RESOLUTION in headers:
                found.pop(letter_id, None)
            elif letter_id:
                found[letter_id] = DeadLetter(record)
        return list(found.values())

    async def redrive(self, letter_id: str) -> None:
        """Send the original to its topic again, for the consumer that gave it up.

        Raises UnknownDeadLetter, and whatever publishing raises; then nothing is decided.
        """
        await self._decide(letter_id, Resolution.REDRIVEN, marks=())

    async def discard(self, letter_id: str) -> None:
        """Give the message up for good; a command is answered as failed, its lane goes on.

        Raises UnknownDeadLetter, and whatever publishing raises; then nothing is decided.
        """
        await self._decide(letter_id, Resolution.DISCARDED, marks=((DISCARDED, b"1"),))

    async def _decide(self, letter_id: str, resolution: Resolution, *, marks: Headers) -> None:
        letter = next((letter for letter in await self.open() if letter.id == letter_id), None)
        if letter is None:
            msg = f"no open dead letter {letter_id!r}: `tradex dead-letters list` shows them"
            raise UnknownDeadLetter(msg)
        replay = int(letter.headers.get(REPLAY_COUNT, "0")) + 1
        again = (
            *original_headers(letter.record),
            (REPLAY_COUNT, str(replay).encode()),
            (CONSUMER, letter.headers[CONSUMER].encode()),
            *marks,
        )
        record = letter.record
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
