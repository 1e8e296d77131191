"""Operations whose outcome is not known yet, for operators to see."""

from collections import OrderedDict
from collections.abc import Callable
from time import perf_counter

from apps.gateway.metrics import GatewayMetrics
from tradex_core.events.reply import CommandReplied
from tradex_core.ids import OperationId


class PendingOperations:
    """The operations that this process accepted and that have no outcome yet.

    Of more than `limit` the oldest is forgotten. A command that became a dead letter stays pending
    until then.
    """

    def __init__(
        self,
        metrics: GatewayMetrics,
        *,
        limit: int,
        monotonic: Callable[[], float] = perf_counter,
    ) -> None:
        self._metrics = metrics
        self._limit = limit
        self._monotonic = monotonic
        self._accepted: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._accepted)

    def accept(self, operation_id: OperationId, command: str) -> None:
        """Remember an operation: before its command is published."""
        self._accepted[operation_id] = command, self._monotonic()
        if len(self._accepted) > self._limit:
            self._accepted.popitem(last=False)

    def forget(self, operation_id: OperationId) -> None:
        """Forget an operation whose command was not published."""
        self._accepted.pop(operation_id, None)

    def finish(self, reply: CommandReplied) -> None:
        """Hear of an outcome, whoever accepted its operation."""
        known = self._accepted.pop(reply.operation_id, None)
        if known is not None:
            command, since = known
            seconds = self._monotonic() - since
            self._metrics.finished(command=command, status=reply.status, seconds=seconds)
