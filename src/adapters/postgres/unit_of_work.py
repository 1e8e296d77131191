"""The unit of work on PostgreSQL: one transaction, a few statements however many its messages.

What a unit may change is locked by name before it is read, in one order everywhere, so that units
of other processes wait for it instead of meeting it; what is missing is locked like what is there.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.errors import translated
from adapters.postgres.parking import change_parking, occupied_among
from adapters.postgres.rows import copy_rows
from tradex_core.ids import MessageId
from tradex_core.messaging.parking import Lane
from tradex_core.messaging.unit_of_work import Delivery, Need
from tradex_core.messaging.workspace import Change, Workspace

_LOCK: Final = sa.text(
    "SELECT pg_advisory_xact_lock(name) FROM unnest(CAST(:names AS int8[])) AS name"
)
_HANDLED: Final = sa.text("SELECT message_id FROM inbox WHERE message_id = ANY(:ids)")
_INBOX: Final = {"message_id": "text"}
_REMEMBER: Final = sa.text("""
INSERT INTO inbox (message_id) SELECT unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING
""")


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
            await connection.close()

    async def handled(self, deliveries: Sequence[Delivery]) -> Collection[MessageId]:
        """Return the identities among these that were handled before."""
        ids = {delivery.handled_id for delivery in deliveries}
        if not ids:
            return set()
        connection = await self._connection()
        with translated(self._database.name):
            found = await connection.scalars(_HANDLED, {"ids": list(ids)})
            known = {MessageId(each) for each in found}
        self._unhandled |= ids - known
        return known

    async def occupied(self, lanes: Collection[Lane]) -> Collection[Lane]:
        """Return the lanes among these that are held or in which messages are parked."""
        if not lanes:
            return set()
        connection = await self._connection()
        with translated(self._database.name):
            return await occupied_among(connection, lanes)

    async def load(self, needs: Iterable[Need]) -> None:
        """Lock and read these aggregates for the repositories to hand out."""
        wanted = dict.fromkeys(need for need in needs if need not in self.read)
        while wanted:
            connection = await self._connection()
            with translated(self._database.name):
                await lock(connection, wanted)
                found = await self._read(connection, wanted)
            related = [each for need in wanted for each in self.keep(need, found.get(need))]
            wanted = dict.fromkeys(need for need in related if need not in self.read)

    async def commit(self) -> None:
        """Make everything true at once."""
        connection = await self._connection()
        with translated(self._database.name):
            await self._write(connection)
            await connection.commit()
        if self.messages:
            self._database.outbox.wake()

    async def _connection(self) -> AsyncConnection:
        if self._open is None:
            self._open = await self._database.connect()
        return self._open

    async def _read(self, connection: AsyncConnection, needs: Iterable[Need]) -> dict[Need, object]:
        keys: dict[str, list[str]] = defaultdict(list)
        for collection, key in needs:
            keys[collection].append(key)
        found: dict[Need, object] = {}
        for collection, wanted in keys.items():
            table = self._database.tables[self._owners.get(collection, collection)]
            for key, state in await table.load(connection, collection, wanted):
                found[collection, key] = state
        return found

    async def _write(self, connection: AsyncConnection) -> None:
        changes: dict[str, list[Change]] = defaultdict(list)
        for change in self.changes():
            changes[change.collection].append(change)
        for collection, changed in changes.items():
            await self._database.tables[collection].write(connection, changed)
        await self._remember(connection)
        await change_parking(
            connection,
            put=self.parked,
            taken=self.unparked,
            leaving=self.leaving(),
            held=self.held,
        )
        await self._database.outbox.add(connection, self.messages)

    async def _remember(self, connection: AsyncConnection) -> None:
        recorded = dict.fromkeys(self.recorded)
        fresh = [(each,) for each in recorded if each in self._unhandled]
        again = [each for each in recorded if each not in self._unhandled]
        await copy_rows(connection, "inbox", _INBOX, fresh)
        if again:
            await connection.execute(_REMEMBER, {"ids": again})


async def lock(connection: AsyncConnection, needs: Iterable[Need]) -> None:
    """Wait until nobody else's transaction has locked any of these, and lock them to its end."""
    await connection.execute(_LOCK, {"names": sorted(map(_name, needs))})


def _name(need: Need) -> int:
    text = "\0".join(need).encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)
