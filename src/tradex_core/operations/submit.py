"""Submits a command: accepted only once the broker has it, and the same one for the same key."""

from collections.abc import Callable
from datetime import timedelta

import msgspec

from tradex_core.clock import Clock, epoch_ms
from tradex_core.errors import Outage, OutcomeUnknown
from tradex_core.events import codec
from tradex_core.events.envelope import Actor, ActorSignatures, Envelope
from tradex_core.events.fields import Command
from tradex_core.events.user import Role
from tradex_core.ids import MessageId, OperationId
from tradex_core.messaging.broker import Message, Producer
from tradex_core.operations.errors import IdempotencyKeyReused, Unavailable
from tradex_core.operations.idempotency import (
    IdempotencyRecord,
    IdempotencyRecords,
    IdempotencyScope,
)
from tradex_core.operations.operation_id import ANONYMOUS, OperationIds

SOURCE = "gateway"
NOBODY = Actor(user_id=ANONYMOUS, role=Role.BUYER)
"""Who asks where nobody is signed in: the gateway still signs, so that its ids are trusted."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for.

    `build` makes the command from the operation's id, from which every new id in it is derived, so
    that a repeat under the same key makes the same command. `digest` makes the body's, as it was
    or would have been made for an operation.
    """

    command: type[Command]
    build: Callable[[OperationId], Command]
    actor: Actor = NOBODY
    scope: IdempotencyScope | None = None
    digest: Callable[[OperationId], bytes] = lambda _: b""
    patience: timedelta | None = None
    traceparent: str | None = None
    tracestate: str | None = None


class Ticket(msgspec.Struct, frozen=True, gc=False):
    """The operation that a request became, and whether an earlier request had made it.

    With a `refusal` there is no operation: that is the answer to the key from now on.
    """

    operation_id: OperationId
    replayed: bool
    refusal: bytes | None = None


class Submission:
    """Turns requests into commands on the broker; at most `limit` are `on_their_way` at a time."""

    def __init__(
        self,
        producer: Producer,
        records: IdempotencyRecords,
        operation_ids: OperationIds,
        signatures: ActorSignatures,
        *,
        clock: Clock,
        limit: int,
    ) -> None:
        self._producer = producer
        self._records = records
        self._operation_ids = operation_ids
        self._signatures = signatures
        self._clock = clock
        self._limit = limit
        self.on_their_way = 0

    async def open(self, request: Request, *, refusal: bytes | None = None) -> Ticket:
        """Give the request its operation, which is the earlier one where its key has one.

        What is to be refused is refused only if its key has no operation yet; then so is every
        repeat. Raises IdempotencyKeyReused where the key came with another body; Unavailable.
        """
        owner = request.actor.user_id
        operation_id = self._operation_ids.issue(owner=owner, command=request.command.command)
        if request.scope is None:
            return Ticket(operation_id, replayed=False, refusal=refusal)
        digest = request.digest(operation_id)
        mine = IdempotencyRecord(digest, operation_id, self._clock.now(), refusal)
        try:
            kept = await self._records.claim(request.scope, mine)
        except Outage as error:
            detail = "The gateway's database cannot be reached."
            raise Unavailable(detail, certain=True, retry_after=error.retry_after) from error
        if kept.digest != request.digest(kept.operation_id):
            detail = "Use a new Idempotency-Key for a new request."
            raise IdempotencyKeyReused(detail)
        replayed = kept.operation_id != operation_id
        return Ticket(kept.operation_id, replayed=replayed, refusal=kept.refusal)

    async def publish(self, request: Request, ticket: Ticket) -> Command:
        """Publish the request's command and wait for the broker's acknowledgement.

        Publishing the same ticket again is harmless. Raises Unavailable.
        """
        if self.on_their_way >= self._limit:
            detail = "Too many commands are on their way."
            raise Unavailable(detail, certain=True)
        command = request.build(ticket.operation_id)
        message = self._message(request, ticket.operation_id, command)
        self.on_their_way += 1
        try:
            [error] = await self._producer.publish([message])
        finally:
            self.on_their_way -= 1
        if isinstance(error, OutcomeUnknown):
            detail = "The command may have been accepted; repeat it with the same Idempotency-Key."
            raise Unavailable(detail, certain=False) from error
        if error is not None:
            detail = "The message broker did not take the command."
            later = error.retry_after if isinstance(error, Outage) else 1
            raise Unavailable(detail, certain=True, retry_after=later) from error
        return command

    def _message(self, request: Request, operation_id: OperationId, command: Command) -> Message:
        value = codec.encode({"command": command.command, "data": command})
        now = self._clock.now()
        deadline = None if request.patience is None else epoch_ms(now + request.patience)
        envelope = Envelope(
            id=MessageId(operation_id),
            type=command.command,
            source=SOURCE,
            time=now,
            correlation_id=operation_id,
            actor=request.actor,
            signature=self._signatures.sign(
                message_id=operation_id, type=command.command, actor=request.actor, value=value
            ),
            deadline_ms=deadline,
            traceparent=request.traceparent,
            tracestate=request.tracestate,
        )
        return Message(
            topic=command.topic,
            key=command.key.encode(),
            value=value,
            headers=envelope.to_headers(),
        )
