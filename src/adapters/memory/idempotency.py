"""Idempotency records in memory."""

from collections import OrderedDict
from datetime import timedelta

from tradex_core.operations.idempotency import IdempotencyRecord, IdempotencyScope

_KEPT = timedelta(hours=48)


class MemoryIdempotencyRecords:
    """Keeps records for 48 hours; a claim is one synchronous step, so that none can race."""

    def __init__(self) -> None:
        self._records: OrderedDict[IdempotencyScope, IdempotencyRecord] = OrderedDict()

    async def claim(self, scope: IdempotencyScope, record: IdempotencyRecord) -> IdempotencyRecord:
        """Return the record that the scope has, which is the given one where it had none."""
        self._forget_before(record)
        return self._records.setdefault(scope, record)

    def _forget_before(self, record: IdempotencyRecord) -> None:
        while self._records:
            oldest = next(iter(self._records))
            if self._records[oldest].created_at > record.created_at - _KEPT:
                return
            self._records.popitem(last=False)
