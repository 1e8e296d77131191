"""Every error of the core: refusals, faults that pass, and messages that can never work."""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of refusal it is; the gateway's one table maps each kind to an HTTP status."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    EXPIRED = "expired"
    FAILED = "failed"


class TradexError(Exception):
    """The root of every error that Tradex raises on purpose."""


class Refusal(TradexError):
    """A business outcome that is not the one asked for: answered, never retried, nothing changed.

    `slug` names it for programs, `title` for people; `detail` says what to do about this one.
    """

    kind: ClassVar[Kind]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(Refusal):
    """A value that is well-formed and still not acceptable."""

    kind = Kind.INVALID
    slug = "invalid_input"
    title = "The input is not valid"


class Forbidden(Refusal):
    """The caller's role may not do this."""

    kind = Kind.FORBIDDEN
    slug = "forbidden"
    title = "Your role may not do this"


class DeadlineExceeded(Refusal):
    """The command's deadline had passed before its work began; nothing was done."""

    kind = Kind.EXPIRED
    slug = "deadline_exceeded"
    title = "The deadline had passed"


class Discarded(Refusal):
    """An operator gave the command up after it had failed; nothing was done."""

    kind = Kind.FAILED
    slug = "discarded"
    title = "The command was given up"


class Passing(TradexError):
    """A fault that may be gone at the next try; nothing was changed."""


class StoreConflict(Passing):
    """Another unit of work changed the same things first; run it again on what is there now."""


class Outage(Passing):
    """A server that is needed cannot be reached; wait for it, give up nothing.

    `retry_after` is in how many seconds it makes sense to ask again.
    """

    retry_after: int = 1


class Tripped(Outage):
    """A server was away when it was last asked, and is not asked again yet."""

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class OutcomeUnknown(Passing):
    """The message may or may not have been published; publishing it again is harmless."""


class Unpublishable(TradexError):
    """The broker will never take this message (unknown topic, too large)."""


class Hopeless(TradexError):
    """A message that can never be handled: it goes to the dead letters at once."""

    reason: ClassVar[str] = "fatal"


class Undecodable(Hopeless):
    """The bytes are not the message they should be."""

    reason = "undecodable"


class Forged(Hopeless):
    """The actor headers do not carry a right signature."""


class Refused:
    """What a use case returns to answer a refusal and still keep what it changed."""

    __slots__ = ("refusal",)

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
