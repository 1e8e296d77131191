"""What operators do with dead letters: list them, send them again, or give them up for good."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final, Self

from tradex_core.errors import Forged, TradexError, Undecodable
from tradex_core.events.envelope import ActorSignatures, read_envelope
from tradex_core.events.topics import COMMANDS, dead_letter_topic
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Broker, Message, Record
from tradex_core.messaging.dead_letters import (
    ERROR_TYPE,
    EXHAUSTED,
    ID,
    ORIGIN,
    REPLAY_COUNT,
    RESOLUTION,
    DeadLetter,
    Decision,
    Resolution,
    is_letter,
    original_headers,
)
from tradex_core.messaging.parking import Lane

_FORGED: Final = Forged.__name__
_PAGE: Final = 500
_AT_ONCE: Final = 100


class NotDecided(TradexError):
    """What an operator decided cannot be done; nothing of it was."""


class UnknownDeadLetter(NotDecided):
    """There is no open dead letter with this id."""

    @classmethod
    def of(cls, letter_id: str) -> Self:
        """Return the error for an id."""
        return cls(f"no open dead letter {letter_id!r}: `tradex dead-letters list` shows them")


class OutOfTurn(NotDecided):
    """An earlier message of its key is an open dead letter of the same consumer."""


class OtherKey(NotDecided):
    """The key to sign with is not the services': they would not know the decision for one."""


class DeadLetters:
    """What operators do with dead letters; what they decided lies in the same topics.

    A decision is published first and noted after: interrupted between the two, or taken by two
    operators at once, it is taken again under the same identity, and the consumer that gave the
    message up handles it once. Only after an inbox's time (8 days) is that identity forgotten.
    """

    def __init__(self, broker: Broker, topics: Iterable[str], signatures: ActorSignatures) -> None:
        self._broker = broker
        self._signatures = signatures
        self._topics = [dead_letter_topic(topic) for topic in topics]

    async def open(self) -> list[DeadLetter]:
        """Return the dead letters that nobody has decided on.

        Those of a partition stand in the order in which their messages first lay in it.
        """
        found: dict[str, DeadLetter] = {}
        decided: set[str] = set()
        async for record in self._records():
            headers = dict(record.headers)
            letter_id = headers.get(ID, b"").decode(errors="replace")
            if RESOLUTION in headers:
                decided.add(letter_id)
                found.pop(letter_id, None)
            elif letter_id not in decided and is_letter(record):
                found.setdefault(letter_id, DeadLetter(record))
        return sorted(found.values(), key=lambda letter: letter.place)

    async def redrive(self, *letter_ids: str) -> None:
        """Send the originals to their topics again, for the consumers that gave them up.

        They go in the order in which they first lay, whatever the order of the ids. Raises
        UnknownDeadLetter, OtherKey, and OutOfTurn where an earlier message of the same key is open
        that may still be handled, and is not among them; then nothing is decided. Raises whatever
        publishing raises; then what has failed is open still, and so is what comes after it.
        """
        letters = await self.open()
        await self._redrive(_chosen(letters, letter_ids), letters)

    async def redrive_all(self, matching: Callable[[DeadLetter], bool]) -> list[DeadLetter]:
        """Redrive what is open and matches, and return it; raises what `redrive` does."""
        letters = await self.open()
        chosen = [letter for letter in letters if matching(letter)]
        await self._redrive(chosen, letters)
        return chosen

    async def discard(self, *letter_ids: str) -> None:
        """Give messages up for good; a command is answered as failed, its lane goes on.

        Raises UnknownDeadLetter and OtherKey; then nothing is decided. Raises whatever publishing
        raises; then what has failed is open still, and so is what comes after it.
        """
        await self._decide(_chosen(await self.open(), letter_ids), Resolution.DISCARDED)

    async def _redrive(self, chosen: Sequence[DeadLetter], letters: Sequence[DeadLetter]) -> None:
        _check_turns(chosen, letters)
        await self._decide(chosen, Resolution.REDRIVEN)

    async def _decide(self, letters: Sequence[DeadLetter], resolution: Resolution) -> None:
        for letter in letters:
            self._check_key(letter)
        for start in range(0, len(letters), _AT_ONCE):
            together = letters[start : start + _AT_ONCE]
            sent = await self._broker.publish([self._sent(each, resolution) for each in together])
            taken = [letter for letter, error in zip(together, sent, strict=True) if error is None]
            noted = await self._broker.publish([_note(letter, resolution) for letter in taken])
            for error in (*sent, *noted):
                if error is not None:
                    raise error

    def _sent(self, letter: DeadLetter, resolution: Resolution) -> Message:
        record = letter.record
        decision = Decision(
            consumer=letter.consumer,
            origin=letter.headers[ORIGIN],
            replay=int(letter.headers[REPLAY_COUNT]) + 1,
            resolution=resolution,
        )
        return Message(
            topic=letter.original_topic,
            key=record.key,
            value=record.value,
            headers=(*original_headers(record), *decision.headers(record, self._signatures)),
            partition=record.partition,
        )

    def _check_key(self, letter: DeadLetter) -> None:
        """Raise OtherKey where a command that its service took for signed is not so under ours.

        With another key than the services' the decision would be noted here and ignored there.
        """
        if letter.original_topic not in COMMANDS or letter.headers.get(ERROR_TYPE) == _FORGED:
            return
        record, no_id = letter.record, MessageId("")
        try:
            envelope, _ = read_envelope(
                record.headers, fallback_id=no_id, fallback_time=record.timestamp
            )
            self._signatures.verify(envelope, record.value or b"")
        except Undecodable:  # its service could not read so far as to the signature either
            return
        except Forged as error:
            msg = (
                f"{letter.id} was signed with another key, so {letter.consumer} would ignore what "
                "you decide: set TRADEX_ACTOR_SIGNING_KEY to the one that the services have"
            )
            raise OtherKey(msg) from error

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


def _chosen(letters: Iterable[DeadLetter], letter_ids: Iterable[str]) -> list[DeadLetter]:
    """Return the letters with these ids, in the letters' order; raises UnknownDeadLetter."""
    wanted = set(letter_ids)
    chosen = [letter for letter in letters if letter.id in wanted]
    for letter_id in wanted - {letter.id for letter in chosen}:
        raise UnknownDeadLetter.of(letter_id)
    return chosen


def _check_turns(chosen: Iterable[DeadLetter], letters: Iterable[DeadLetter]) -> None:
    """Raise OutOfTurn where a letter that may still be handled would be overtaken.

    What can never be handled has no turn to wait for, and may be anybody's garbage.
    """
    going = {letter.id for letter in chosen}
    first: dict[Lane, DeadLetter] = {}
    for letter in letters:
        if letter.id not in going:
            if letter.reason == EXHAUSTED:
                first.setdefault(letter.lane, letter)
        elif earlier := first.get(letter.lane):
            msg = (
                f"{letter.id} comes after {earlier.id}, which has the same key: "
                "redrive both, or decide on that one first"
            )
            raise OutOfTurn(msg)


def _note(letter: DeadLetter, resolution: Resolution) -> Message:
    record = letter.record
    return Message(
        topic=record.topic,
        key=record.key,
        value=None,
        headers=((ID, letter.id.encode()), (RESOLUTION, resolution.encode())),
        partition=record.partition,
    )
