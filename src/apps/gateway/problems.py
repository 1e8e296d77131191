"""Problem documents (RFC 9457): the one table of statuses, and what becomes of each error."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, ClassVar, Final, NamedTuple

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from msgspec import Struct
from msgspec.structs import replace

from apps.gateway.answers import PRIVATE, RETRY_SOON, Answer, RawHeaders
from tradex_core.errors import Kind, Outage, Refusal, TradexError
from tradex_core.events import codec
from tradex_core.events.reply import ReplyError
from tradex_core.operations.errors import Unavailable

MEDIA_TYPE: Final = "application/problem+json"

STATUSES: Final[Mapping[Kind, int]] = MappingProxyType(
    {
        Kind.INVALID: 422,
        Kind.UNAUTHENTICATED: 401,
        Kind.FORBIDDEN: 403,
        Kind.NOT_FOUND: 404,
        Kind.CONFLICT: 409,
        Kind.EXPIRED: 503,
        Kind.FAILED: 500,
    }
)
"""What each kind of refusal is in HTTP."""


class FieldError(Struct, frozen=True):
    """What is wrong with one field; `pointer` is a JSON Pointer (RFC 6901) into the body.

    Of a query parameter it is the parameter's name behind a slash.
    """

    pointer: str
    detail: str


class Problem(Struct, frozen=True, omit_defaults=True):
    """What went wrong: `type` is a stable slug for programs, the rest is for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: tuple[FieldError, ...] = ()


class BadRequest(TradexError):
    """A request that the gateway itself does not take; subclasses say which and why."""

    status: ClassVar[int] = 400
    slug: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "The request is not valid"

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def problem_of_reply(error: ReplyError, *, instance: str) -> Problem:
    """Return a command's own error as a problem."""
    return Problem(error.type, error.title, STATUSES[error.kind], error.detail, instance)


def problem_answer(problem: Problem, headers: RawHeaders = ()) -> Answer:
    """Answer with a problem, and with the headers that go with its status."""
    media_type = (b"content-type", MEDIA_TYPE.encode())
    extra = tuple(
        (name.encode(), value.encode()) for name, value in headers_of(problem.status).items()
    )
    return Answer(problem.status, codec.encode(problem), (media_type, PRIVATE, *extra, *headers))


def headers_of(status: int) -> dict[str, str]:
    """Return what a status asks for: how to sign in, or when to come back."""
    if status == HTTPStatus.UNAUTHORIZED:
        return {"www-authenticate": "Bearer"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        name, value = RETRY_SOON
        return {name.decode(): value.decode()}
    return {}


class _Read(NamedTuple):
    problem: Problem
    headers: Mapping[str, str] = MappingProxyType({})


def _refusal(error: Refusal) -> _Read:
    return _Read(Problem(error.slug, error.title, STATUSES[error.kind], error.detail, ""))


def _bad_request(error: BadRequest) -> _Read:
    problem = Problem(error.slug, error.title, error.status, error.detail, "", error.errors)
    return _Read(problem, error.headers)


def _unavailable(error: Unavailable) -> _Read:
    problem = Problem("unavailable", "Try again in a moment", 503, error.detail, "")
    return _Read(problem, {"retry-after": str(error.retry_after)})


def _outage(error: Outage) -> _Read:
    detail = "Something that the gateway needs cannot be reached."
    problem = Problem("unavailable", "Try again in a moment", 503, detail, "")
    return _Read(problem, {"retry-after": str(error.retry_after)})


_ROUTING: Final = MappingProxyType(
    {
        404: ("not_found", "There is nothing here", "No route has this path."),
        405: (
            "method_not_allowed",
            "The method is not allowed here",
            "Use one of the methods that the Allow header names.",
        ),
        413: ("body_too_large", "The body is too large", "Send 64 KiB at most."),
    }
)


def _framework(error: HTTPException) -> _Read:
    status = error.status_code
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _unexpected(error)
    phrase = HTTPStatus(status).phrase
    default = (phrase.lower().replace(" ", "_"), phrase, error.detail)
    slug, title, detail = _ROUTING.get(status, default)
    return _Read(Problem(slug, title, status, detail, ""), error.headers or {})


def _unexpected(_error: Exception) -> _Read:
    detail = "It was our fault and is written down; try again later."
    return _Read(Problem("internal_error", "Something went wrong", 500, detail, ""))


_READINGS: Final[Mapping[type[Exception], Callable[[Any], _Read]]] = MappingProxyType(
    {
        Refusal: _refusal,
        BadRequest: _bad_request,
        Unavailable: _unavailable,
        Outage: _outage,
        HTTPException: _framework,
        Exception: _unexpected,
    }
)
"""How each error is read; of several that fit, the first."""

_log = structlog.stdlib.get_logger("tradex.gateway")


def problem_of(error: Exception, *, instance: str) -> Problem:
    """Return any error as a problem that says where it occurred."""
    return replace(_read(error).problem, instance=instance)


def _read(error: Exception) -> _Read:
    return next(read for kind, read in _READINGS.items() if isinstance(error, kind))(error)


def respond(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an error, whatever it is, with a problem document; log what should not have been."""
    problem, headers = _read(error)
    if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        _log_unexpected(request, error)
    return Response(
        codec.encode(replace(problem, instance=request.scope["path"])),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", **headers_of(problem.status), **headers},
    )


def _log_unexpected(request: Request[Any, Any, Any], error: Exception) -> None:
    _log.error(
        "unexpected",
        route=request.scope.get("path_template"),
        operation_id=request.scope["state"].get("operation_id"),
        traceparent=request.headers.get("traceparent"),
        exc_info=error,
    )


HANDLERS: Final[ExceptionHandlersMap] = {HTTPException: respond, Exception: respond}
"""The exception handlers of the app: nothing leaves it that is not a problem document."""
