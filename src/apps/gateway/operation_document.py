"""An operation as its client sees it: pending, or how it ended."""

from datetime import datetime
from typing import Final

from msgspec import Raw

from apps.gateway.effects import EFFECTS, Effect
from apps.gateway.problems import Problem, problem_of_reply
from tradex_core.events.fields import Wire
from tradex_core.events.reply import NO_RESULT
from tradex_core.ids import OperationId, uuid7_time
from tradex_core.views.operation_view import OperationView

PENDING: Final = "pending"


class OperationDocument(Wire, frozen=True):
    """What became of a command; its id tells since when there has been an operation."""

    operation_id: str
    command: str
    status: str
    resource: str | None
    result: Raw
    error: Problem | None
    created_at: datetime
    completed_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether nothing of it changes any more."""
        return self.status != PENDING


def operation_path(operation_id: str) -> str:
    """Return where an operation is found."""
    return f"/v1/operations/{operation_id}"


def operation_document(
    operation_id: OperationId, command: str, outcome: OperationView | None
) -> OperationDocument:
    """Show an operation whose outcome may not be known yet."""
    effect: Effect = EFFECTS[command]
    created_at = uuid7_time(operation_id)
    if outcome is None:
        resource = effect.resource(operation_id, None)
        return OperationDocument(
            operation_id, command, PENDING, resource, NO_RESULT, None, created_at, None
        )
    error = None
    if outcome.error is not None:
        error = problem_of_reply(outcome.error, instance=operation_path(operation_id))
    return OperationDocument(
        operation_id=operation_id,
        command=command,
        status=outcome.status.value,
        resource=effect.resource(operation_id, outcome.subject),
        result=outcome.result,
        error=error,
        created_at=created_at,
        completed_at=outcome.completed_at,
    )
