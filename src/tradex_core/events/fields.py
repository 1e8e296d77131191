"""The bounds of every field on the wire, as the databases' columns have them."""

from datetime import datetime
from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from tradex_core.ids import OBJECT_ID_PATTERN, UUID_PATTERN
from tradex_core.money import Money

_NO_NUL = r"^[^\x00]*$"
_END = r"(?!\n)$"
"""The very end: to Python, `$` alone also stands before a newline that comes last."""
_MAX_INTEGER = 2**31 - 1

Text = Annotated[str, Meta(max_length=255, pattern=_NO_NUL)]
Name = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^[^\x00]*[^\x00\s][^\x00]*$")]
LongText = Annotated[str, Meta(max_length=4000, pattern=_NO_NUL)]
Sku = Annotated[str, Meta(min_length=1, max_length=64, pattern=rf"^[^\x00-\x20]+{_END}")]
Url = Annotated[str, Meta(max_length=2048, pattern=rf"^https?://[^\x00-\x20]+{_END}")]
# The one letter that is longer in lower case is left out: no address outgrows its column.
Email = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=255,
        pattern=r"^\s*[^\s@\x00-\x1f\u0130]+@[^\s@\x00-\x1f\u0130]+\s*$",
    ),
]
Uuid = Annotated[str, Meta(max_length=36, pattern=UUID_PATTERN)]
ObjectIdHex = Annotated[str, Meta(max_length=24, pattern=OBJECT_ID_PATTERN)]
Id = Annotated[str, Meta(min_length=1, max_length=255, pattern=rf"^[^\x00-\x20]+{_END}")]
Stock = Annotated[int, Meta(ge=0, le=_MAX_INTEGER)]
Quantity = Annotated[int, Meta(ge=1, le=_MAX_INTEGER)]
Price = Money
Instant = Annotated[datetime, Meta(tz=True)]
Secret = Annotated[str, Meta(max_length=1024, pattern=_NO_NUL)]


class Wire(msgspec.Struct, frozen=True, rename="camel", omit_defaults=False, gc=False):
    """A part of a message: frozen, camelCase on the wire, unknown fields passed over."""


class Event(Wire, frozen=True):
    """Something that happened; `topic` is where it is published and `key` what orders it."""

    topic: ClassVar[str]

    @property
    def key(self) -> str:
        """The message key: events of one key keep their order."""
        raise NotImplementedError


class Command(Wire, frozen=True):
    """Something asked for; `command` is what the wire calls it and `topic` where it is sent."""

    command: ClassVar[str]
    topic: ClassVar[str]
    original: ClassVar[bool] = False

    @property
    def key(self) -> str:
        """The message key: commands of one key keep their order."""
        raise NotImplementedError

    @property
    def subject(self) -> str | None:
        """The id of the thing that the command is about, where the command names it."""
        return None
