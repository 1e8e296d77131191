"""Idempotency records on PostgreSQL: whichever replica claims a key first, all answer the same."""

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from adapters.postgres.database import PostgresDatabase
from tradex_core.ids import OperationId
from tradex_core.operations.idempotency import IdempotencyRecord, IdempotencyScope

_KEPT: Final = timedelta(hours=48)

_CLAIM: Final = sa.text("""
INSERT INTO idempotency_keys (caller, route, key, digest, "operationId", "createdAt", refusal)
VALUES (:caller, :route, :key, :digest, :operation_id, :created_at, :refusal)
ON CONFLICT DO NOTHING
""")
_KEPT_ALREADY: Final = sa.text("""
SELECT digest, "operationId", "createdAt", refusal FROM idempotency_keys
WHERE caller = :caller AND route = :route AND key = :key
""")
_FORGET: Final = sa.text("""DELETE FROM idempotency_keys WHERE "createdAt" < :before""")


class PostgresIdempotencyRecords:
    """Keeps records until `prune` finds them two days old; every method raises Outage."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._database = database

    async def claim(self, scope: IdempotencyScope, record: IdempotencyRecord) -> IdempotencyRecord:
        """Return the record that the scope has, which is the given one where it had none."""
        named = {"caller": scope.caller, "route": scope.route, "key": scope.key}
        async with self._database.transaction() as connection:
            claimed = await connection.execute(
                _CLAIM,
                {
                    **named,
                    "digest": record.digest,
                    "operation_id": record.operation_id,
                    "created_at": record.created_at,
                    "refusal": record.refusal,
                },
            )
            if claimed.rowcount:
                return record
            found = (await connection.execute(_KEPT_ALREADY, named)).one()
        digest, operation_id, created_at, refusal = found
        return IdempotencyRecord(digest, OperationId(operation_id), created_at, refusal)

    async def prune(self) -> int:
        """Forget what is two days old; return how many that were."""
        before = self._database.clock.now() - _KEPT
        async with self._database.transaction() as connection:
            return (await connection.execute(_FORGET, {"before": before})).rowcount
