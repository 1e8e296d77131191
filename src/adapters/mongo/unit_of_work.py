"""The unit of work on MongoDB: reads documents, and commits with a single insert into the log."""

from collections.abc import Collection, Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from bson import ObjectId

from adapters.mongo.commit import Draft, name_of
from adapters.mongo.connection import Document
from adapters.mongo.database import MongoDatabase
from adapters.mongo.faults import translated
from adapters.mongo.follower import Snapshot
from adapters.mongo.parked_changes import draft_parking
from adapters.mongo.parked_documents import lane_name
from adapters.mongo.together import together
from tradex_core.errors import StoreConflict
from tradex_core.ids import MessageId
from tradex_core.messaging.parking import Lane
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.messaging.workspace import Change, Workspace


class MongoUnitOfWork(Workspace):
    """Hands out aggregates as the last commit left them.

    Isolation is optimistic: `load` or `commit` raises StoreConflict where another unit has changed
    anything that was read, looked up or found unhandled. Where MongoDB is lost during the commit,
    that raises Outage and may yet have made everything true: what it recorded is handled then.
    """

    def __init__(self, database: MongoDatabase) -> None:
        super().__init__({name: kind.collection for name, kind in database.kinds.items()})
        self._database = database
        self._kinds = database.kinds
        self._turn: ObjectId | None = None
        self._snapshot: Snapshot | None = None
        self._draft = Draft()
        self._asked: set[Need] = set()
        self._states: dict[Need, Any] = {}
        self._documents: dict[Need, Document] = {}
        self._added: dict[Need, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Forget everything; what `commit` made true stays."""
        if isinstance(error, StoreConflict):
            self._database.turns.conflicted()
        if self._turn is not None:
            await self._database.turns.give_back(self._turn)

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these that were handled before."""
        await self._begin()
        ids = {delivery.handled_id for delivery in deliveries}
        known = await self._database.log.handled(ids)
        self._draft.unhandled |= ids - known
        return known

    async def occupied(self, lanes: Collection[Lane]) -> Collection[Lane]:
        """Return the lanes among these that are held or in which messages are parked."""
        await self._begin()
        self._draft.reads.update(lane_name(lane) for lane in lanes)
        return await self._database.parking.occupied(lanes)

    async def load(self, needs: Iterable[Need]) -> None:
        """Load these aggregates, where they exist, for the repositories to hand out."""
        await self._begin()
        wanted = {need for need in needs if need not in self.read}
        while wanted:
            found = await self._fetch(wanted)
            related = [other for need in wanted for other in self.keep(need, found.get(need))]
            wanted = {need for need in related if need not in self.read}

    def add(self, collection: str, aggregate: Any) -> None:  # noqa: ANN401 - each collection its own
        """Add a new aggregate under its id and its unique keys."""
        super().add(collection, aggregate)
        key = self._kinds[collection].collection.id(aggregate.state)
        self._added[(collection, key)] = aggregate.state

    async def commit(self) -> None:
        """Make everything true at once."""
        snapshot = await self._begin()
        await self._require_absent()
        draft = await self._drafted()
        if draft.is_empty:
            await self._database.log.check(draft, since=snapshot.number)
            return
        commit = await self._database.log.append(draft, snapshot)
        if self.messages:
            self._database.outbox.wake()
        await self._database.log.follow(commit)
        await self._database.trimming.trim_now_and_then(up_to=snapshot.number)

    async def _begin(self) -> Snapshot:
        if self._snapshot is None:
            self._turn = await self._database.turns.wait()
            self._snapshot = await self._database.log.snapshot()
        return self._snapshot

    async def _fetch(self, needs: Iterable[Need]) -> dict[Need, Any]:
        """Read the states that are there, one object each by whatever keys."""
        asked: dict[tuple[str, str], dict[object, Need]] = {}
        for need in needs:
            self._asked.add(need)
            name = self._owners.get(need[0], need[0])
            kind = self._kinds[name]
            field = kind.fields.get(need[0], "_id")
            value = need[1] if need[0] in kind.fields else kind.to_id(need[1])
            if value is not None:
                asked.setdefault((name, field), {})[value] = need
        found = await together(self._find(*where, values) for where, values in asked.items())
        return {need: state for some in found for need, state in some.items()}

    async def _find(self, name: str, field: str, needs: dict[object, Need]) -> dict[Need, Any]:
        documents = self._database.documents[self._kinds[name].name]
        with translated("say what was asked for"):
            found = await documents.find({field: {"$in": list(needs)}}).to_list()
        return {needs[document[field]]: self._state_of(name, document) for document in found}

    def _state_of(self, name: str, document: Document) -> Any:  # noqa: ANN401 - each collection its own
        """Return what a document says; raises StoreConflict where it is from after the snapshot."""
        if self._snapshot is not None and document.get("commit", 0) > self._snapshot.number:
            msg = "another unit of work changed the same things meanwhile"
            raise StoreConflict(msg)
        kind = self._kinds[name]
        state = kind.to_state(document)
        need = name, kind.collection.id(state)
        self._documents.setdefault(need, document)
        return self._states.setdefault(need, state)

    async def _require_absent(self) -> None:
        """Raise StoreConflict where what was added unseen is there already."""
        unseen = {need for need, state in self.read.items() if state is None} - self._asked
        if unseen and await self._fetch(unseen):
            msg = "there is another with the same key already"
            raise StoreConflict(msg)

    async def _drafted(self) -> Draft:
        draft = self._draft
        draft.reads.update(name_of(need) for need in self.read)
        for change in self.changes():
            self._write(draft, change)
        draft.handled = list(dict.fromkeys(self.recorded))
        draft.messages = self.messages
        at = self._database.clock.now()
        await draft_parking(draft, self, self._database.parking, at=at)
        return draft

    def _write(self, draft: Draft, change: Change) -> None:
        kind, need = self._kinds[change.collection], (change.collection, change.key)
        state, is_new = change.aggregate.state, change.former is None
        for each in [state] if is_new else [state, change.former]:
            draft.touched.update(name_of(key) for key in self._needs_of(change.collection, each))
        began = self._added.get(need, change.former)
        document = kind.to_document(state, began, self._documents.get(need, {}))
        writes = draft.writes_to(kind.name)
        (writes.new if is_new else writes.changed).append(document)
