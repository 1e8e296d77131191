"""What the topics hold of a service: what it published, and so what it lacks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from apps.orders.timeouts import TIMED_OUT_BY
from tradex_core.errors import Undecodable
from tradex_core.events import codec, topics
from tradex_core.events.topics import DEAD_LETTER_SUFFIX
from tradex_core.events.user import UserRegistered
from tradex_core.messaging import dead_letters as layout
from tradex_core.messaging.broker import Broker, Message, Record
from tradex_core.messaging.opening import Opening

_ID: Final = "ce_id"
_MADE_BY_HAND: Final = "create-admin/"


@dataclass
class Published:
    """What a service published: its ids, what it gave up, and when each cause was handled.

    `admins` are the addresses of those that were made without a message.
    """

    ids: set[str] = field(default_factory=set)
    admins: list[str] = field(default_factory=list)
    letters: set[tuple[str, bytes | None]] = field(default_factory=set)
    times: dict[str, datetime] = field(default_factory=dict)

    def add(self, record: Record, source: str) -> str | None:
        """Take note of a record; return the cause of one that the service published."""
        texts = _texts(record.headers)
        if record.topic.endswith(DEAD_LETTER_SUFFIX):
            self.letters.add((texts.get(layout.ID, ""), record.value))
            return None
        if texts.get("ce_source") != source:
            return None
        cause = texts.get("causation-id", "")
        try:
            message_id = texts[_ID]
            at = datetime.fromisoformat(texts["ce_time"]).astimezone(UTC)
            if cause.startswith(_MADE_BY_HAND):
                self.admins.append(codec.decode(record.value or b"", UserRegistered).email)
        except (KeyError, ValueError, OverflowError, Undecodable):  # no service wrote that
            return None
        self.ids.add(message_id)
        self.times[cause] = min(at, self.times.get(cause, at))
        return cause

    def lacks_cause_in(self, openings: Iterable[Opening]) -> bool:
        """Whether something came of a message that is not among these."""
        causes = {c for c in self.times if not c.startswith((_MADE_BY_HAND, TIMED_OUT_BY))}
        return not causes <= {opening.id for opening in openings}

    def of(self, beginning: str) -> Mapping[str, datetime]:
        """Return what was done without a message, by what its causes begin with."""
        length = len(beginning)
        return {c[length:]: at for c, at in self.times.items() if c.startswith(beginning)}


class Lacking:
    """A producer of what the log lacks: it has the rest already."""

    def __init__(self, broker: Broker, known: Published) -> None:
        self._broker = broker
        self._known = known
        self.published = 0

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish what is not there yet, one answer a message."""
        lacking = [message for message in messages if not self._is_there(message)]
        answers = iter(await self._broker.publish(lacking) if lacking else ())
        told = [None if self._is_there(message) else next(answers) for message in messages]
        self.published += sum(error is None for error in told) - (len(messages) - len(lacking))
        return told

    def _is_there(self, message: Message) -> bool:
        if message.topic not in topics.OWN:  # a stranger's topic: it was answered, or is gone
            return True
        texts = _texts(message.headers)
        if message.topic.endswith(DEAD_LETTER_SUFFIX):
            return (texts.get(layout.ID), message.value) in self._known.letters
        return texts.get(_ID) in self._known.ids


def _texts(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {name: raw.decode(errors="replace") for name, raw in headers}
