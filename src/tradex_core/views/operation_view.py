"""A command's outcome as the gateway shows it."""

from datetime import datetime

from msgspec import Raw, Struct

from tradex_core.events.reply import CommandReplied, OutcomeStatus, ReplyError


class OperationView(Struct, frozen=True, kw_only=True, gc=False):
    """The one outcome of a command; `result` is the JSON that was answered, null for none."""

    operation_id: str
    command: str
    status: OutcomeStatus
    subject: str | None
    result: Raw
    error: ReplyError | None
    completed_at: datetime


def apply_reply(view: OperationView | None, reply: CommandReplied) -> OperationView:
    """Take the first reply to a command; a later one changes nothing."""
    if view is not None:
        return view
    return OperationView(
        operation_id=reply.operation_id,
        command=reply.command,
        status=reply.status,
        subject=reply.subject,
        result=reply.result.copy(),
        error=reply.error,
        completed_at=reply.completed_at,
    )
