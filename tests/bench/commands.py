"""CREATE_ORDERs as the gateway sends them, made before anything is measured."""

from collections.abc import Sequence
from typing import Final

from tests.bench.shop import BUYER, an_order, lines_of, submit
from tests.builders.views import a_product_id

from adapters.memory.idempotency import MemoryIdempotencyRecords
from adapters.security.system import SystemClock, SystemEntropy
from tradex_core.events.envelope import ActorSignatures
from tradex_core.events.order import CreateOrder
from tradex_core.messaging.broker import Message
from tradex_core.operations.operation_id import OperationIds
from tradex_core.operations.submit import Submission

_PRODUCT_IDS: Final = tuple(a_product_id(number) for number in range(1_000))
_ANY_KEY: Final = bytes(32)


class _Collecting:
    """Takes what is published, for somebody else to publish; one message a key."""

    def __init__(self) -> None:
        self.by_key: dict[bytes | None, Message] = {}

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        self.by_key |= {message.key: message for message in messages}
        return [None] * len(messages)


async def signed_orders(count: int, *, key: bytes = _ANY_KEY) -> list[Message]:
    """Return so many orders of two lines each, signed under a key; no two are the same."""
    clock, taken = SystemClock(), _Collecting()
    submission = Submission(
        taken,
        MemoryIdempotencyRecords(),
        OperationIds(_ANY_KEY, clock=clock, entropy=SystemEntropy()),
        ActorSignatures(key),
        clock=clock,
        limit=1,
    )
    while (number := len(taken.by_key)) < count:
        build = an_order(lines_of(number, _PRODUCT_IDS))
        await submit(submission, CreateOrder, build, BUYER)
    return list(taken.by_key.values())
