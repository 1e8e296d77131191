"""What clients asked for and what they were told: ok, failed, or unknown."""

from enum import StrEnum
from typing import Any

import msgspec


class Outcome(StrEnum):
    """What a client knows of a request of its own."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Attempt(msgspec.Struct):
    """A request and the answer to it; a status of 0 says that none came."""

    client: str
    kind: str
    key: str | None
    status: int
    operation_id: str | None = None
    resource: str | None = None
    slug: str | None = None
    answer: Any = None

    @property
    def outcome(self) -> Outcome:
        """What its client knows: an accepted command is only known to be on its way."""
        if self.status in (0, 202, 503):
            return Outcome.UNKNOWN
        return Outcome.OK if self.status < 400 else Outcome.FAILED


class History:
    """Every attempt of every client, in the order in which they were answered."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.secrets: set[str] = set()
        self.owners: dict[str, str] = {}
        """The client that may ask for each operation it was told of."""

    def add(self, attempt: Attempt) -> None:
        """Keep an attempt."""
        self.attempts.append(attempt)
        if attempt.operation_id is not None:
            self.owners.setdefault(attempt.operation_id, attempt.client)

    def of(self, kind: str) -> list[Attempt]:
        """Return the attempts of a kind."""
        return [attempt for attempt in self.attempts if attempt.kind == kind]

    def told(self) -> str:
        """Return how many attempts of each kind had which outcome, a line a kind."""
        kinds = sorted({attempt.kind for attempt in self.attempts})
        lines = []
        for kind in kinds:
            outcomes = [attempt.outcome for attempt in self.of(kind)]
            counts = ", ".join(f"{outcomes.count(each)} {each}" for each in Outcome)
            lines.append(f"{kind:<10} {counts}")
        return "\n".join(lines)
