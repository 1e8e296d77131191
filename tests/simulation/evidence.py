"""What a run left behind: the log as a deduplicating reader sees it, the databases, the views."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from tests.simulation.attacks import MARK
from tests.simulation.history import History
from tests.simulation.restoring import Restored
from tests.simulation.stores import Handled
from tests.simulation.world import World

from adapters.memory.view_unit import ViewsDatabase
from tradex_core.errors import Undecodable
from tradex_core.events import codec, topics
from tradex_core.events.fields import Command, Event
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.events.reply import CommandReplied
from tradex_core.events.user import EndSession, LoginUser, RefreshSession, RegisterUser
from tradex_core.messaging.broker import Record
from tradex_core.messaging.dead_letters import CONSUMER, ID, RESOLUTION, SIGNATURE

E = TypeVar("E", bound=Event)

_COMMANDS: dict[str, type[Command]] = {
    kind.command: kind
    for kind in (
        AdvanceOrder,
        CancelOrder,
        CreateOrder,
        AdjustStock,
        CreateProduct,
        UpdateProduct,
        EndSession,
        LoginUser,
        RefreshSession,
        RegisterUser,
    )
}


class Asked(msgspec.Struct, frozen=True):
    """A command that a gateway published, once, however often it lies in the log."""

    operation_id: str
    actor_id: str
    deadline_ms: int | None
    payload: Any


class Letter(msgspec.Struct, frozen=True):
    """A dead letter, once, however often it lies in its topic."""

    id: str
    consumer: str
    reason: str
    attack: str | None
    message_id: str
    key: bytes | None
    is_decided: bool


class _Wire(msgspec.Struct):
    command: str
    data: msgspec.Raw


class Evidence:
    """Everything that the checks look at; what attackers wrote is kept apart."""

    def __init__(self, world: World, history: History) -> None:
        self.world = world
        self.history = history
        self.journal: list[Handled] = world.journal.effects
        self.records: dict[str, list[Record]] = {
            topic.name: world.records_of(topic.name) for topic in topics.all_topics()
        }
        self._first: dict[str, list[Record]] = {
            name: _deduplicated(records) for name, records in self.records.items()
        }
        self.asked = {asked.operation_id: asked for asked in self._commands()}
        self.rebuilt: ViewsDatabase | None = None
        self.restored: Sequence[Restored] = ()
        self.replies = self.events(CommandReplied)
        self.letters = list(self._letters())
        self.given_up = {letter.message_id for letter in self.letters}

    def events(self, kind: type[E]) -> list[E]:
        """Return each event of a kind once, in order per key; not what attackers made up."""
        found = []
        for record in self._first[kind.topic]:
            try:
                found.append(codec.decode(record.value or b"", kind))
            except Undecodable as error:
                self.world.surprise(f"{record.position} cannot be read: {error}")
        return found

    def states(self, service: str, collection: str) -> dict[str, Any]:
        """Return what a service's database holds of a collection, by id."""
        return self.world.databases[service].states[collection]

    def _commands(self) -> Iterable[Asked]:
        for topic in topics.COMMANDS:
            for record in self._first[topic]:
                wire = msgspec.json.decode(record.value or b"", type=_Wire)
                payload = codec.decode(wire.data, _COMMANDS[wire.command])
                headers = dict(record.headers)
                deadline = headers.get("deadline")
                yield Asked(
                    headers["ce_id"].decode(),
                    headers["actor-id"].decode(),
                    None if deadline is None else int(deadline),
                    payload,
                )

    def _letters(self) -> Iterable[Letter]:
        found: dict[str, tuple[Record, dict[str, str]]] = {}
        decided = set()
        for name, records in self.records.items():
            for record in records if name.endswith(topics.DEAD_LETTER_SUFFIX) else ():
                headers = {key: raw.decode(errors="replace") for key, raw in record.headers}
                if RESOLUTION in headers:
                    decided.add(headers[ID])
                elif CONSUMER in headers:
                    found.setdefault(headers[ID], (record, headers))
        for letter_id, (record, headers) in found.items():
            yield Letter(
                letter_id,
                headers[CONSUMER],
                headers["dlq-reason"],
                headers.get(MARK),
                headers.get("ce_id", ""),
                record.key,
                letter_id in decided,
            )


def _deduplicated(records: Iterable[Record]) -> list[Record]:
    seen: set[bytes | str] = set()
    first = []
    for record in records:
        headers = dict(record.headers)
        known = headers.get("ce_id") or record.position
        if SIGNATURE in headers or MARK in headers:
            continue
        if known not in seen:
            seen.add(known)
            first.append(record)
    return first
