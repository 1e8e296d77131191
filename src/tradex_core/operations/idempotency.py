"""Idempotency keys: what was asked under a key, so that a repeat is the same operation."""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import Protocol

import msgspec

from tradex_core.ids import OperationId


class IdempotencyScope(msgspec.Struct, frozen=True, gc=False):
    """What a key is unique within: who calls, and which route (with its path's ids)."""

    caller: str
    route: str
    key: str


class IdempotencyRecord(msgspec.Struct, frozen=True, gc=False):
    """What was asked: a keyed digest of the body, and the operation that it became.

    With a `refusal` it became none, and whoever repeats it is answered that.
    """

    digest: bytes
    operation_id: OperationId
    created_at: datetime
    refusal: bytes | None = None


class IdempotencyRecords(Protocol):
    """Keeps records for at least 24 hours."""

    async def claim(self, scope: IdempotencyScope, record: IdempotencyRecord) -> IdempotencyRecord:
        """Return the record that the scope has, which is the given one where it had none.

        Of claims that race, all get the same record. Raises Outage.
        """
        ...


def body_digest(key: bytes, body: bytes) -> bytes:
    """Return a digest of a body that tells nothing of it: a login's body holds a password."""
    return hmac.digest(key, body, sha256)
