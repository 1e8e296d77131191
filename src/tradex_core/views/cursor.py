"""Cursors: a list's position as opaque text that a client hands back to go on."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from tradex_core.errors import Kind, Refusal
from tradex_core.events.fields import Id
from tradex_core.views.listing import Position, ProductSort

ORDER_SORT: Final = "newest-order"
"""The one order in which orders are listed."""

_MAX_INTEGER = 2**63 - 1
_Number = Annotated[int, Meta(ge=-_MAX_INTEGER, le=_MAX_INTEGER)]
_Text = Annotated[str, Meta(pattern=r"^[^\x00]*$")]


class InvalidCursor(Refusal):
    """The cursor was not given out for this list."""

    kind = Kind.INVALID
    slug = "invalid_cursor"
    title = "The cursor is not valid"


class _ByNumber(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    sort: str
    key: _Number
    id: Id


class _ByText(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    sort: str
    key: _Text
    id: Id


def encode_cursor(position: Position, *, sort: str) -> str:
    """Return a position of a list in this order as base64url text."""
    data = msgspec.json.encode((sort, position.key, position.id))
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode_cursor(text: str, *, sort: str) -> Position:
    """Return the position that a cursor names in a list in this order.

    Raises InvalidCursor where the text is not exactly what `encode_cursor` made for this order.
    """
    shape: type[_ByNumber | _ByText] = _ByText if sort == ProductSort.NAME else _ByNumber
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        found = msgspec.json.decode(data, type=shape)
    except (ValueError, msgspec.MsgspecError) as error:
        raise _invalid() from error
    position = Position(key=found.key, id=found.id)
    if encode_cursor(position, sort=sort) != text:
        raise _invalid()
    return position


def _invalid() -> InvalidCursor:
    return InvalidCursor("it is not a cursor of this list; leave it out to start at the first page")
