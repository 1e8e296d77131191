"""What a service answers to a command: done, with its result, or refused, with the error."""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar, Final

from msgspec import Raw

from tradex_core.errors import Kind
from tradex_core.events import topics
from tradex_core.events.fields import Event, Instant, Wire

OUTCOMES_KEPT: Final = timedelta(days=7)
"""For how long one can ask what became of a command."""

NO_RESULT: Final = Raw(b"null")
"""The result of a command that has none: JSON's null, since msgspec decodes no `Raw | None`."""


class OutcomeStatus(StrEnum):
    """How a command ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class ReplyError(Wire, frozen=True):
    """Why a command was refused: its kind, a stable slug, a title, and what to do about it."""

    kind: Kind
    type: str
    title: str
    detail: str


class CommandReplied(Event, frozen=True, omit_defaults=True):
    """The one terminal outcome of a command; `subject` is the id of what it was about."""

    topic: ClassVar[str] = topics.COMMAND_REPLIES

    operation_id: str
    command: str
    status: OutcomeStatus
    completed_at: Instant
    result: Raw = NO_RESULT
    error: ReplyError | None = None
    subject: str | None = None

    @property
    def key(self) -> str:
        return self.operation_id
