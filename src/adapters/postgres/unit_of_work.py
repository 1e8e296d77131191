"""The unit of work on PostgreSQL: one transaction, a few statements however many its messages.

What a unit may change is locked by name before it is read, in one order everywhere, so that units
of other processes wait for it instead of meeting it; what is missing is locked like what is there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.errors import translated
from adapters.postgres.keys import number_array
from adapters.postgres.parking import IN_USE, occupied_among, parking_work
from adapters.postgres.rows import Driver, Insert, Statement, ask, driver_of, write
from tradex_core.ids import MessageId
from tradex_core.messaging.parking import Lane
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.messaging.workspace import Change, Workspace

_LOCK: Final = "SELECT count(pg_advisory_xact_lock(name)) FROM unnest(%(names)s::int8[]) AS name"


class PostgresUnitOfWork(Workspace):
    """A transaction that begins with the first question.

    Two units that found the same message unhandled cannot both remember it: the later one's commit
    raises StoreConflict.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        super().__init__(database.collections)
        self._database = database
        self._open: AsyncConnection | None = None
        self._unhandled: set[MessageId] = set()
        self._lanes_are_in_use = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the connection back; what was not committed did not happen."""
        if self._open is not None:
            connection, self._open = self._open, None
            await self._database.give_back(connection)

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these that were handled before."""
        ids = {delivery.handled_id for delivery in deliveries}
        if not ids:
            return set()
        driver = await self._driver()
        with translated(self._database.name):
            # In this order: who is seen to have handled a message is seen to have parked it too.
            found, [[in_use]] = await ask(driver, self._database.inbox.question(ids), IN_USE)
        self._lanes_are_in_use = in_use
        known = {MessageId(each) for (each,) in found}
        self._unhandled |= ids - known
        return known

    async def occupied(self, lanes: Collection[Lane]) -> Collection[Lane]:
        """Return the lanes among these that are held or in which messages are parked."""
        # That a lane is free needs no lock: whoever parks a message in it records that message, and
        # who goes on behind it has recorded it too. One of the two is in conflict.
        if not (lanes and self._lanes_are_in_use):
            return set()
        driver = await self._driver()
        with translated(self._database.name):
            return await occupied_among(driver, lanes)

    async def load(self, needs: Iterable[Need]) -> None:
        """Lock and read these aggregates for the repositories to hand out."""
        wanted = dict.fromkeys(need for need in needs if need not in self.read)
        while wanted:
            driver = await self._driver()
            with translated(self._database.name):
                found = await self._locked(driver, wanted)
            related = [each for need in wanted for each in self.keep(need, found.get(need))]
            wanted = dict.fromkeys(need for need in related if need not in self.read)

    async def commit(self) -> None:
        """Make everything true at once."""
        driver = await self._driver()
        with translated(self._database.name):
            await write(driver, self._work(), commit=True)
        if self.messages:
            self._database.outbox.wake()

    async def _driver(self) -> Driver:
        if self._open is None:
            self._open = await self._database.connect()
        return await driver_of(self._open)

    async def _locked(self, driver: Driver, needs: Collection[Need]) -> dict[Need, object]:
        """Lock these, then read them: the server comes to the questions once it has the locks."""
        keys: dict[str, list[str]] = defaultdict(list)
        for collection, key in needs:
            keys[collection].append(key)
        tables = {name: self._database.tables[self._owners.get(name, name)] for name in keys}
        questions = [tables[name].question(name, wanted) for name, wanted in keys.items()]
        _, *answers = await ask(driver, locking(needs), *questions)
        return {
            (name, key): state
            for name, rows in zip(keys, answers, strict=True)
            for key, state in tables[name].states(name, rows)
        }

    def _work(self) -> Iterator[Insert | Statement]:
        changes: dict[str, list[Change]] = defaultdict(list)
        for change in self.changes():
            changes[change.collection].append(change)
        for collection, changed in changes.items():
            yield from self._database.tables[collection].writes(changed)
        if self.recorded:
            recorded = set(self.recorded)
            fresh = recorded & self._unhandled
            yield from self._database.inbox.writes(fresh=fresh, again=recorded - fresh)
        yield from parking_work(
            put=self.parked, taken=self.unparked, leaving=self.leaving(), held=self.held
        )
        yield self._database.outbox.insert(self.messages)


def locking(needs: Iterable[Need]) -> Statement:
    """Return what waits until no other transaction has locked these, and locks them to its end."""
    return Statement(_LOCK, {"names": number_array(sorted(map(_name, needs)))})


def _name(need: Need) -> int:
    text = "\0".join(need).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)
