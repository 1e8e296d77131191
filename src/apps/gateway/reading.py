"""Reads what a request brings: its headers as they came, its body as one of the shapes."""

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar, cast

from litestar import Request
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import HTTPReceiveMessage, HTTPScope
from msgspec import Struct

from apps.gateway.invalid_fields import invalid_fields
from apps.gateway.policy import Whose
from apps.gateway.problems import BadRequest, FieldError
from apps.gateway.repeated_keys import repeated_key
from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.envelope import Actor

MAX_BODY_BYTES: Final = 64 * 1024
_HEADERS: Final = "headers"
_CORRECT: Final = "Correct the fields named in errors."

B = TypeVar("B", bound=Struct)

HttpRequest = Request[Any, Any, Any]


class InvalidBody(BadRequest):
    """The body is not what the route takes."""

    slug = "invalid_body"
    title = "The body is not valid"


class UnsupportedMediaType(BadRequest):
    """The body is something else than JSON."""

    status = 415
    slug = "unsupported_media_type"
    title = "The body must be JSON"


class Given(Generic[B]):
    """A body as it was read, and its bytes."""

    __slots__ = ("data", "value")

    def __init__(self, data: bytes, value: B) -> None:
        self.data = data
        self.value = value


def headers_of(scope: HTTPScope) -> dict[bytes, bytes]:
    """Return a request's headers by their names in lower case; none of those read is repeated."""
    state = scope["state"]
    headers: dict[bytes, bytes] | None = state.get(_HEADERS)
    if headers is None:
        headers = state[_HEADERS] = dict(scope["headers"])
    return headers


def actor_of(request: HttpRequest) -> Actor:
    """Return who is signed in, on a route that only they may use."""
    return cast("Actor", request.scope["user"])


def reader_of(request: HttpRequest) -> Actor | None:
    """Return who is signed in, on a route that others may use too."""
    return cast("Actor | None", request.scope["user"])


def whose_for(request: HttpRequest) -> Whose:
    """Return on whose things the caller may act, on a route that they had to sign in for."""
    return cast("Whose", request.scope["state"]["whose"])


async def read_body(request: HttpRequest, shape: type[B], *, optional: bool = False) -> Given[B]:
    """Read a body.

    Raises UnsupportedMediaType, and InvalidBody with everything that is wrong; where it is
    `optional`, no body is the same as an empty object. Raises RequestEntityTooLarge.
    """
    headers = headers_of(request.scope)
    data = await _bytes_of(request, headers)
    if optional and not data:
        return Given(data, shape())
    _require_json(headers)
    try:
        value = codec.decode(data, shape)
    except Undecodable as error:
        raise _invalid(data, shape, str(error)) from error
    repeated = repeated_key(data)
    if repeated is not None:
        raise InvalidBody(_CORRECT, errors=[FieldError(repeated, "is given more than once")])
    return Given(data, value)


async def _bytes_of(request: HttpRequest, headers: Mapping[bytes, bytes]) -> bytes:
    """Return a body; Litestar's own way there costs as much as all else that it does."""
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > MAX_BODY_BYTES:
        raise RequestEntityTooLarge
    data, is_more = b"", True
    while is_more:
        event = cast("HTTPReceiveMessage", await request.receive())
        if event["type"] == "http.disconnect":
            detail = "The client went away before it had sent the body."
            raise InvalidBody(detail)
        data += event.get("body", b"")
        if len(data) > MAX_BODY_BYTES:
            raise RequestEntityTooLarge
        is_more = event.get("more_body", False)
    return data


def _require_json(headers: Mapping[bytes, bytes]) -> None:
    content_type = headers.get(b"content-type", b"")
    if content_type == b"application/json":
        return
    if content_type.partition(b";")[0].strip().lower() != b"application/json":
        detail = "Send the body as application/json, and say so in Content-Type."
        raise UnsupportedMediaType(detail)


def _invalid(data: bytes, shape: type[Struct], message: str) -> InvalidBody:
    errors = invalid_fields(data, shape, first=message)
    if not errors:
        return InvalidBody(f"The body is not JSON, or nested too deep: {message}.")
    return InvalidBody(_CORRECT, errors=errors)
