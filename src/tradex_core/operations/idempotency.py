"""Idempotency keys: what was asked under a key, so that a repeat is the same operation."""

import hmac
from datetime import datetime
from hashlib import sha256
from typing import Protocol

import msgspec

from tradex_core.ids import OperationId, uuid7_time
from tradex_core.key_rings import KeyRing


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


class BodyDigests:
    """Makes digests of bodies that tell nothing of them: a login's body holds a password."""

    def __init__(self, key: bytes) -> None:
        self.use(KeyRing.of(key))

    def use(self, ring: KeyRing) -> None:
        """Go by these keys from now on."""
        self._ring = ring

    def of(self, body: bytes, operation_id: OperationId) -> bytes:
        """Return a digest under the key that was used at the time of an operation's id."""
        return hmac.digest(self._ring.at(uuid7_time(operation_id)).key, body, sha256)
