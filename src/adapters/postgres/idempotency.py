"""Idempotency records on PostgreSQL: whichever replica claims a key first, all answer the same."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.errors import translated
from adapters.postgres.together import Together
from tradex_core.ids import OperationId
from tradex_core.operations.idempotency import IdempotencyRecord, IdempotencyScope

_KEPT: Final = timedelta(hours=48)
_SCOPES: Final = "CAST(:callers AS text[]), CAST(:routes AS text[]), CAST(:keys AS text[])"
_CLAIM: Final = sa.text(f"""
WITH forgotten AS (
    DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM idempotency_keys WHERE "createdAt" <= :before
        ORDER BY "createdAt" LIMIT :forgotten FOR UPDATE SKIP LOCKED
    ))
)
INSERT INTO idempotency_keys (caller, route, key, digest, "operationId", "createdAt", refusal)
SELECT * FROM unnest({_SCOPES}, CAST(:digests AS bytea[]), CAST(:operation_ids AS text[]),
                     CAST(:created_at AS timestamptz[]), CAST(:refusals AS bytea[]))
ON CONFLICT DO NOTHING
""")  # noqa: S608 - made of constants
_READ: Final = sa.text(f"""
SELECT caller, route, key, digest, "operationId", "createdAt", refusal FROM idempotency_keys
JOIN unnest({_SCOPES}) AS asked(caller, route, key) USING (caller, route, key)
""")  # noqa: S608 - made of constants

_Claim = tuple[IdempotencyScope, IdempotencyRecord]


class PostgresIdempotencyRecords:
    """Keeps records for 48 hours; the oldest go as new ones come, twice as fast.

    Claims that come while others are being made are made together. Raises Outage.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self._name = database.name
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._claims = Together(self._claim)

    async def claim(self, scope: IdempotencyScope, record: IdempotencyRecord) -> IdempotencyRecord:
        """Return the record that the scope has, which is the given one where it had none."""
        [kept] = await self._claims.ask([(scope, record)])
        return kept

    async def _claim(self, claims: Sequence[_Claim]) -> Sequence[IdempotencyRecord]:
        # Replicas that claim the same keys wait for each other in one order, and cannot deadlock.
        ordered = sorted(claims, key=lambda claim: _texts(claim[0]))
        with translated(self._name):
            async with self._engine.connect() as connection:
                while True:
                    made = await connection.execute(_CLAIM, _given(ordered))
                    if made.rowcount == len(claims):
                        return [record for _, record in claims]
                    kept = await _read(connection, claims)
                    # One that was two days old may have gone in between.
                    if all(scope in kept for scope, _ in claims):
                        return [kept[scope] for scope, _ in claims]


async def _read(
    connection: AsyncConnection, claims: Iterable[_Claim]
) -> dict[IdempotencyScope, IdempotencyRecord]:
    rows = await connection.execute(_READ, _scopes({scope for scope, _ in claims}))
    return {
        IdempotencyScope(caller, route, key): IdempotencyRecord(
            digest, OperationId(operation_id), created_at, refusal
        )
        for caller, route, key, digest, operation_id, created_at, refusal in rows
    }


def _given(claims: Sequence[_Claim]) -> dict[str, Any]:
    records = [record for _, record in claims]
    return {
        **_scopes(scope for scope, _ in claims),
        "digests": [record.digest for record in records],
        "operation_ids": [record.operation_id for record in records],
        "created_at": [record.created_at for record in records],
        "refusals": [record.refusal for record in records],
        "before": max(record.created_at for record in records) - _KEPT,
        "forgotten": 2 * len(records),
    }


def _scopes(scopes: Iterable[IdempotencyScope]) -> dict[str, list[str]]:
    callers, routes, keys = zip(*map(_texts, scopes), strict=True)
    return {"callers": list(callers), "routes": list(routes), "keys": list(keys)}


def _texts(scope: IdempotencyScope) -> tuple[str, str, str]:
    return scope.caller, scope.route, scope.key
