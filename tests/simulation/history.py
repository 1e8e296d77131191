"""What clients did and what they were told: the only thing that they know of the platform."""

from typing import Any, Final

import msgspec
from tests.simulation.network import Answer

REFUSED_AT_THE_DOOR: Final = frozenset(
    {
        "price_changed",
        "unknown_product",
        "idempotency_key_reused",
        "unauthenticated",
        "invalid_token",
        "forbidden",
        "invalid_body",
    }
)
"""Problems that only a gateway has, before it makes a command of a request."""

_MADE: Final = {"order": "ORDER", "create": "PRODUCT"}


class Attempt(msgspec.Struct):
    """A request, and the answer to it; a status of 0 says that none came."""

    at: float
    gateway: str
    until: float = 0.0
    status: int = 0
    sure: bool = False
    slug: str | None = None
    operation_id: str | None = None

    @property
    def may_have_begun(self) -> bool:
        """Whether there may be an operation because of it."""
        if self.status == 0:
            return not self.sure
        return self.slug not in REFUSED_AT_THE_DOOR


class Deed(msgspec.Struct):
    """Something that a client wants once: every attempt at it is the same request.

    With a key they are one operation; without one each is its own.
    """

    client: str
    kind: str
    method: str
    path: str
    body: bytes
    began: float
    key: str | None = None
    about: str | None = None
    attempts: list[Attempt] = msgspec.field(default_factory=list)
    result: Any = None
    error: str | None = None
    resource: str | None = None

    @property
    def operation_ids(self) -> list[str]:
        """The operations that the client was told of, each once, in that order."""
        told = (attempt.operation_id for attempt in self.attempts)
        return list(dict.fromkeys(each for each in told if each is not None))

    @property
    def open_attempts(self) -> int:
        """How many attempts may have been accepted without the client knowing as what."""
        return sum(1 for a in self.attempts if a.operation_id is None and not a.sure)

    @property
    def thing(self) -> str | None:
        """The id of the thing that it makes, or is about."""
        return self.resource.rpartition("/")[2] if self.resource else self.about


class Look(msgspec.Struct, frozen=True):
    """What a client saw of an operation or an order at some time."""

    began: float
    at: float
    client: str
    what: str
    thing: str
    status: str
    detail: str = ""


class Stream(msgspec.Struct, frozen=True):
    """What a client was told live of an order: each step's id and status, as they came."""

    client: str
    order_id: str
    steps: list[tuple[int, str]]


class History:
    """Everything that all clients did and saw, in the order in which they began it."""

    def __init__(self) -> None:
        self.deeds: list[Deed] = []
        self.looks: list[Look] = []
        self.streams: list[Stream] = []

    def of_kind(self, *kinds: str) -> list[Deed]:
        """Return the deeds of these kinds."""
        return [deed for deed in self.deeds if deed.kind in kinds]

    def names(self) -> dict[str, str]:
        """Return short names for the ids of operations, and of the things that they made."""
        names: dict[str, str] = {}
        for number, deed in enumerate(self.deeds, start=1):
            for operation_id in deed.operation_ids:
                names.setdefault(operation_id, f"{deed.kind}-op-{number}")
            if deed.kind in _MADE and deed.thing is not None:
                names.setdefault(deed.thing, f"{_MADE[deed.kind]}-{number}")
        return names


def learn(deed: Deed, attempt: Attempt, answer: Answer) -> None:
    """Write down what an answer tells of an attempt and of the deed."""
    attempt.status, attempt.sure = answer.status, answer.sure
    if answer.status == 0 or not answer.body:
        return
    document = answer.json
    if answer.status == 202:
        attempt.operation_id = document["operationId"]
        deed.resource = document["resource"] or deed.resource
    elif answer.is_ok:
        deed.result = document
        location = answer.headers.get(b"location")
        deed.resource = location.decode() if location else deed.resource
    else:
        attempt.slug = deed.error = document["type"]
        attempt.sure = answer.sure or document["type"] == "deadline_exceeded"
