"""From a request to a command on the broker, and back to its answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

from msgspec import Struct

from apps.gateway.answers import JSON, PRIVATE, RETRY_SOON, Answer, RawHeaders
from apps.gateway.effects import Effect, is_seen
from apps.gateway.lagging import shown_soon
from apps.gateway.pending import PendingOperations
from apps.gateway.problems import (
    BadRequest,
    Problem,
    problem_answer,
    problem_of,
    problem_of_reply,
)
from apps.gateway.reading import HttpRequest, headers_of
from apps.gateway.request_headers import Wishes, wishes_of
from apps.gateway.stopping import Stopping
from tradex_core.errors import Outage, Refusal
from tradex_core.events import codec, topics
from tradex_core.events.envelope import Actor
from tradex_core.events.fields import Command
from tradex_core.events.reply import CommandReplied
from tradex_core.ids import OperationId
from tradex_core.messaging import tracing
from tradex_core.operations.bulkhead import Bulkhead
from tradex_core.operations.errors import Unavailable
from tradex_core.operations.idempotency import BodyDigests, IdempotencyScope
from tradex_core.operations.submit import NOBODY, Request, Submission, Ticket
from tradex_core.operations.waiting import Outcomes
from tradex_core.views.operation_view import OperationView, apply_reply
from tradex_core.views.ports import ViewQueries

_LOOK_AGAIN_SECONDS: Final = 0.2
_REPLAYED: Final = (b"idempotent-replayed", b"true")


class Ask(Struct, frozen=True, kw_only=True):
    """What a route asks for.

    `build` makes the command from the operation's id. `check` raises a Refusal or a BadRequest
    where the gateway knows better than to ask; what a key is already bound to is asked all the
    same. `render` makes the body of an answer that is worth nothing before the outcome is known.
    """

    effect: Effect
    build: Callable[[OperationId], Command]
    actor: Actor = NOBODY
    data: bytes = b""
    check: Callable[[], Awaitable[None]] | None = None
    render: Callable[[OperationView], bytes] | None = None


class _Turn(Struct, frozen=True):
    """One request in the course of being answered."""

    ask: Ask
    wishes: Wishes
    asked: Request
    ticket: Ticket
    instance: str

    @property
    def operation_id(self) -> OperationId:
        return self.ticket.operation_id


class Room(Struct, frozen=True, kw_only=True):
    """The places for commands.

    `asking` is for those that ask the gateway's database first, `waiting` for those that somebody
    waits for.
    """

    asking: Bulkhead
    waiting: Bulkhead


class CommandDesk:
    """Publishes commands and answers 202, or waits for the outcome and answers with that."""

    def __init__(
        self,
        submission: Submission,
        outcomes: Outcomes,
        views: ViewQueries,
        stopping: Stopping,
        pending: PendingOperations,
        *,
        room: Room,
        digests: BodyDigests,
    ) -> None:
        self._submission = submission
        self._pending = pending
        self._outcomes = outcomes
        self._views = views
        self._stopping = stopping
        self._room = room
        self._digests = digests

    async def submit(self, request: HttpRequest, ask: Ask) -> Answer:
        """Take what a request asks for to the broker, and answer.

        Raises Unavailable where there is no room for it or the broker does not acknowledge it,
        IdempotencyKeyReused, and what `ask.check` raises.
        """
        wishes = wishes_of(headers_of(request.scope), request.scope["headers"])
        with self._room.asking.place():
            refusal = await self._refusal(request, ask, wishes)
            turn = await self._open(request, ask, wishes, refusal)
        if turn.ticket.refusal is not None:
            problem = codec.decode(turn.ticket.refusal, Problem)
            return problem_answer(problem, _told(turn, waited=False))
        seconds = wishes.seconds(ask.effect.patience)
        if turn.ticket.replayed:
            known = await self._views.operation(turn.operation_id)
            if known is not None:
                waits = bool(seconds)
                return await self._finished(turn, known) if waits else _accepted(turn, known)
        if seconds and self._has_room(ask):
            return await self._publish_and_wait(request, turn, seconds)
        command = await self._publish(request, turn)
        return _accepted(turn, None, subject=command.subject, waited=not seconds)

    async def _refusal(self, request: HttpRequest, ask: Ask, wishes: Wishes) -> bytes | None:
        """Return the problem with which to refuse a request, unless its key is bound already.

        It has to be kept under the key: a client that repeats itself because no answer came must
        not hear another one than the request that was still on its way. Without a key it is raised.
        """
        if ask.check is None:
            return None
        try:
            await ask.check()
        except (BadRequest, Refusal) as error:
            if wishes.idempotency_key is None:
                raise
            return codec.encode(problem_of(error, instance=request.scope["path"]))
        return None

    async def _open(
        self, request: HttpRequest, ask: Ask, wishes: Wishes, refusal: bytes | None
    ) -> _Turn:
        asked = self._request(request, ask, wishes)
        ticket = await self._submission.open(asked, refusal=refusal)
        request.scope["state"]["operation_id"] = ticket.operation_id
        return _Turn(ask, wishes, asked, ticket, request.scope["path"])

    def _request(self, request: HttpRequest, ask: Ask, wishes: Wishes) -> Request:
        scope, patience = None, ask.effect.patience
        if wishes.idempotency_key is not None:
            route = f"{request.scope['method']} {request.scope['path']}"
            scope = IdempotencyScope(ask.actor.user_id, route, wishes.idempotency_key)
        if patience is not None and wishes.wait:
            patience = timedelta(seconds=wishes.wait)
        place = tracing.current().trace or wishes
        return Request(
            command=ask.effect.command,
            build=ask.build,
            actor=ask.actor,
            scope=scope,
            digest=partial(self._digests.of, ask.data),
            patience=patience,
            traceparent=place.traceparent,
            tracestate=place.tracestate,
        )

    def _has_room(self, ask: Ask) -> bool:
        """Return whether the client can wait; raises Unavailable where it must and cannot."""
        if ask.render is not None:
            self._room.waiting.require_room()
        return not self._room.waiting.is_full

    async def _publish_and_wait(self, request: HttpRequest, turn: _Turn, seconds: float) -> Answer:
        patience_ends = asyncio.get_running_loop().time() + seconds
        with self._room.waiting.place(), self._outcomes.expect(turn.operation_id) as future:
            command = await self._publish(request, turn)
            outcome = await self._outcome(turn, future, patience_ends)
        if outcome is None:
            return _accepted(turn, None, subject=command.subject)
        return await self._finished(turn, outcome)

    async def _publish(self, request: HttpRequest, turn: _Turn) -> Command:
        operation_id = turn.operation_id
        if not turn.ticket.replayed:  # else its outcome may have come already
            self._pending.accept(operation_id, turn.ask.effect.name)
        try:
            command = await self._submission.publish(turn.asked, turn.ticket)
        except Unavailable:
            self._pending.forget(operation_id)
            raise
        if command.topic == topics.ORDER_COMMANDS:
            request.scope["state"]["order_id"] = command.subject
        return command

    async def _outcome(
        self, turn: _Turn, future: asyncio.Future[CommandReplied], patience_ends: float
    ) -> OperationView | None:
        loop = asyncio.get_running_loop()
        if not turn.ticket.replayed:
            left = max(0.0, patience_ends - loop.time())
            reply = await self._stopping.wait_for(future, timeout=left)
            return None if reply is None else apply_reply(None, reply)
        # An earlier request's reply may have passed by before this one began to listen.
        while (left := patience_ends - loop.time()) > 0:
            timeout = min(left, _LOOK_AGAIN_SECONDS)
            reply = await self._stopping.wait_for(future, timeout=timeout)
            if reply is not None:
                return apply_reply(None, reply)
            known = await self._views.operation(turn.operation_id)
            if known is not None or self._stopping.begun:
                return known
        return None

    async def _finished(self, turn: _Turn, outcome: OperationView) -> Answer:
        told = _told(turn)
        if outcome.error is not None:
            problem = problem_of_reply(outcome.error, instance=turn.instance)
            return problem_answer(problem, told)
        await self._until_seen(turn.ask.effect, outcome)
        return _done(turn, outcome, told)

    async def _until_seen(self, effect: Effect, outcome: OperationView) -> None:
        """Let whoever reads next see what they have just done."""

        async def look() -> bool | None:
            if await self._views.operation(outcome.operation_id) is None:
                return None
            return await is_seen(effect, self._views, outcome.result) or None

        with suppress(Outage):
            await shown_soon(look)


def _told(turn: _Turn, *, waited: bool = True) -> RawHeaders:
    told: RawHeaders = ()
    if turn.ticket.replayed:
        told += (_REPLAYED,)
    if waited and turn.wishes.wait is not None:
        told += ((b"preference-applied", b"wait=%d" % turn.wishes.wait),)
    return told


def _accepted(
    turn: _Turn,
    known: OperationView | None,
    *,
    subject: str | None = None,
    waited: bool = True,
) -> Answer:
    operation_id = turn.operation_id
    status = "pending" if known is None else known.status.value
    subject = subject if known is None else known.subject
    resource = turn.ask.effect.resource(operation_id, subject)
    shown = "null" if resource is None else f'"{resource}"'
    body = f'{{"operationId":"{operation_id}","status":"{status}","resource":{shown}}}'
    location = (b"location", b"/v1/operations/" + operation_id.encode())
    told = _told(turn, waited=waited)
    return Answer(202, body.encode(), (JSON, PRIVATE, location, RETRY_SOON, *told))


def _done(turn: _Turn, outcome: OperationView, told: RawHeaders) -> Answer:
    ask = turn.ask
    if ask.effect.status == 204:  # noqa: PLR2004 - No Content
        return Answer(204, b"", (PRIVATE, *told))
    body = bytes(outcome.result) if ask.render is None else ask.render(outcome)
    resource = ask.effect.resource(turn.operation_id, outcome.subject)
    location = () if resource is None else ((b"location", resource.encode()),)
    return Answer(ask.effect.status, body, (JSON, PRIVATE, *location, *told))
