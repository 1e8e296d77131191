"""Operations over HTTP: what became of a command."""

from typing import Final

from litestar import get
from litestar.types import ASGIApp

from apps.gateway.answers import PRIVATE, RETRY_SOON, Answer, json_answer
from apps.gateway.collaborators import gateway_of
from apps.gateway.effects import EFFECTS
from apps.gateway.event_stream import EventStream, last_event_id
from apps.gateway.operation_document import operation_document
from apps.gateway.reading import HttpRequest, headers_of, reader_of
from apps.gateway.routes.path_ids import uuid_in
from apps.gateway.streams import OVER_ID
from tradex_core.ids import OperationId
from tradex_core.operations.errors import OperationNotFound
from tradex_core.operations.operation_id import ANONYMOUS, OperationIds

_COMMANDS: Final = tuple(name for name, effect in EFFECTS.items() if not effect.is_anonymous)
_OF_NOBODY: Final = tuple(name for name, effect in EFFECTS.items() if effect.is_anonymous)
_RETRY_AFTER: Final = tuple(part.decode() for part in RETRY_SOON)


@get("/v1/operations/{operation_id:str}", name="getOperation")
async def get_operation(request: HttpRequest) -> Answer:
    """Show what became of a command."""
    gateway = gateway_of(request)
    operation_id, command = _recognised(request, gateway.operation_ids)
    document = operation_document(
        operation_id, command, await gateway.reads.operation(operation_id)
    )
    if document.is_over:
        return json_answer(document)
    name, value = _RETRY_AFTER
    return json_answer(document, headers=[(name, value)])


@get("/v1/operations/{operation_id:str}/events", name="followOperation")
async def follow_operation(request: HttpRequest) -> ASGIApp:
    """Tell how a command ends as soon as it does."""
    gateway = gateway_of(request)
    operation_id, command = _recognised(request, gateway.operation_ids)
    last_id = last_event_id(headers_of(request.scope).get(b"last-event-id"))
    if last_id is not None and last_id >= OVER_ID:
        return Answer(204, b"", (PRIVATE,))
    gateway.streams.require_room()
    return EventStream(gateway.streams.operation(operation_id, command, last_id=last_id))


def _recognised(request: HttpRequest, ids: OperationIds) -> tuple[OperationId, str]:
    """Return the operation that the path names, and its command.

    Raises OperationNotFound unless it was issued to the caller, or to nobody who was signed in:
    that one is shown to whoever knows its id.
    """
    text = uuid_in(request, "operation_id")
    if text is not None:
        operation_id, actor = OperationId(text), reader_of(request)
        owned = actor and ids.recognise(operation_id, owner=actor.user_id, commands=_COMMANDS)
        command = owned or ids.recognise(operation_id, owner=ANONYMOUS, commands=_OF_NOBODY)
        if command:
            return operation_id, command
    detail = "No operation with this id was given to you."
    raise OperationNotFound(detail)
