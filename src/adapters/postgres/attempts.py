"""Attempts on PostgreSQL: whichever replicas count, they count together."""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from adapters.postgres.database import PostgresDatabase
from adapters.postgres.errors import translated
from tradex_core.users.attempts import Attempt, Pace

_KEPT: Final = timedelta(hours=1)
_WAIT: Final = sa.text("""
WITH spent AS (
    INSERT INTO attempts AS account (key, until) VALUES (:account, :at + :interval)
    ON CONFLICT (key) DO UPDATE SET until = GREATEST(account.until, :at) + :interval
    WHERE GREATEST(account.until, :at) + :interval <= :at + :window
    RETURNING until
), taken AS (
    UPDATE attempts SET until = :at + :interval
    WHERE key = :network AND until <= :at AND NOT EXISTS (SELECT FROM spent)
    RETURNING until
), waiting AS (
    INSERT INTO attempts (key, until) SELECT :network, :at + :interval
    WHERE NOT EXISTS (SELECT FROM spent) AND NOT EXISTS (SELECT FROM taken)
    ON CONFLICT DO NOTHING
), forgotten AS (
    DELETE FROM attempts WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM attempts WHERE until <= :at - :kept AND key NOT IN (:account, :network)
        ORDER BY until LIMIT 4 FOR UPDATE SKIP LOCKED
    ))
)
SELECT EXISTS (SELECT FROM spent) OR EXISTS (SELECT FROM taken),
       (SELECT until FROM attempts WHERE key = :network)
""")
"""An account's row says when all of its pace is free again, a network's when its turn comes."""


class PostgresAttempts:
    """Counts by one statement; what nobody came back for within an hour goes as others come."""

    def __init__(self, database: PostgresDatabase) -> None:
        self._name = database.name
        self._engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")

    async def wait(self, attempt: Attempt, pace: Pace, *, at: datetime) -> timedelta:
        """Count an attempt and return zero; where it is one too many, return how long it waits."""
        given = {
            "account": attempt.account,
            "network": attempt.network,
            "at": at,
            "interval": pace.interval,
            "window": pace.window,
            "kept": _KEPT,
        }
        with translated(self._name):
            async with self._engine.connect() as connection:
                is_let_in, turn = (await connection.execute(_WAIT, given)).one()
        if is_let_in:
            return timedelta()
        # A turn that was given just now, or to another attempt at the same moment, is not seen yet.
        return pace.interval if turn is None or turn <= at else turn - at
