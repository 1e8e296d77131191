"""What a message that could not be handled says of itself: its story, its operation, its order."""

from typing import Final

import msgspec

from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.fields import Id, Uuid
from tradex_core.events.topics import COMMANDS
from tradex_core.messaging.broker import Record

_LONGEST: Final = 64


class _Payload(msgspec.Struct, frozen=True, rename="camel"):
    order_id: Uuid | None = None
    operation_id: Id | None = None


class _Command(msgspec.Struct, frozen=True):
    data: _Payload


def told_ids(record: Record) -> dict[str, str]:
    """Return where a message lies, and of which story, operation and order it says that it is.

    Anybody may have written it: what is no id is left out, and what is too long for one is cut.
    """
    headers = dict(record.headers)
    payload = _payload(record)
    operation = headers.get("ce_id") if record.topic in COMMANDS else None
    told = {
        "correlation_id": _text(headers.get("correlation-id")),
        "operation_id": _text(operation) or payload.operation_id,
        "order_id": payload.order_id,
    }
    return {"position": record.position, **{name: said for name, said in told.items() if said}}


def _payload(record: Record) -> _Payload:
    try:
        if record.topic in COMMANDS:
            return codec.decode(record.value or b"", _Command).data
        return codec.decode(record.value or b"", _Payload)
    except Undecodable:
        return _Payload()


def _text(raw: bytes | None) -> str | None:
    text = (raw or b"")[:_LONGEST].decode(errors="replace")
    return text if text.isprintable() else None
