"""The API's description (OpenAPI 3.1), made from the shapes that the gateway reads and writes."""

import re
from collections import defaultdict
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import msgspec

from apps.gateway.openapi_examples import REPEATED_HEADER
from apps.gateway.openapi_operations import OPERATIONS, Described, Shown
from apps.gateway.problems import MEDIA_TYPE, Problem, problem_of
from apps.gateway.quota import TooManyRequests
from tradex_core.events import codec
from tradex_core.ids import OBJECT_ID_PATTERN, UUID_PATTERN

Json = dict[str, Any]

_REF: Final = "#/components/schemas/{name}"
_PATH_PARAMETER: Final = re.compile(r"\{(\w+)\}")
_INTRODUCTION: Final = """\
A marketplace whose every change is a command: it is answered `202 Accepted` with the operation
that it became, and with where the thing that it makes will be.

Send `Prefer: wait=5` to wait for the outcome instead, and an `Idempotency-Key` to be able to repeat
a request that may have been lost. Errors are problem documents (RFC 9457); their `type` is stable.
"""

_REQUEST_HEADERS: Final[Json] = {
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`wait=N`: hold the answer for up to N seconds, 30 at most (RFC 7240).",
        "schema": {"type": "string"},
        "example": "wait=5",
    },
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "The same key with the same body is the same operation, for 24 h at least.",
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        "example": "5f0c9a1e-0b7d-4a52-9d1c-3c1f7f1d2b60",
    },
    "Traceparent": {
        "name": "traceparent",
        "in": "header",
        "description": "The trace that the request is part of (W3C Trace Context).",
        "schema": {"type": "string"},
        "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    },
    "LastEventId": {
        "name": "Last-Event-ID",
        "in": "header",
        "description": "The id of the last event that came: the stream goes on behind it.",
        "schema": {"type": "integer"},
        "example": 1,
    },
}
_ANSWER_HEADERS: Final[Json] = {
    "Location": {
        "description": "Of a 202 the operation, otherwise the thing itself.",
        "schema": {"type": "string"},
    },
    "RetryAfter": {
        "description": "In how many seconds to look again.",
        "schema": {"type": "integer"},
    },
    "PreferenceApplied": {
        "description": "For how long the gateway would have waited.",
        "schema": {"type": "string"},
    },
    "IdempotentReplayed": {
        "description": "`true` where an earlier request with the same key made the operation.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "How many requests are left, and in how many seconds all of them are again.",
        "schema": {"type": "string"},
        "example": '"commands-by-account";r=599;t=1',
    },
    "RateLimitPolicy": {
        "description": "How many requests (`q`) a window of seconds (`w`) allows.",
        "schema": {"type": "string"},
        "example": '"commands-by-account";q=600;w=60',
    },
    "Link": {
        "description": 'The next page, as `<…>; rel="next"`.',
        "schema": {"type": "string"},
    },
}
_HEADER_NAMES: Final = {
    "Location": "Location",
    "RetryAfter": "Retry-After",
    "PreferenceApplied": "Preference-Applied",
    "IdempotentReplayed": "Idempotent-Replayed",
    "RateLimit": "RateLimit",
    "RateLimitPolicy": "RateLimit-Policy",
    "Link": "Link",
}
_LIMITED: Final = ("RateLimit", "RateLimitPolicy")
_PROBLEM_HEADERS: Final = {429: ("RetryAfter", *_LIMITED), 503: ("RetryAfter",)}
_PATH_PARAMETERS: Final[Json] = {
    "product_id": {"type": "string", "pattern": OBJECT_ID_PATTERN},
    "order_id": {"type": "string", "pattern": UUID_PATTERN},
    "operation_id": {"type": "string", "pattern": UUID_PATTERN},
}


def openapi_document() -> Json:
    """Return the API's description; nothing has to run for it."""
    paths: dict[str, Json] = defaultdict(dict)
    for described in OPERATIONS:
        paths[described.path][described.method.lower()] = _operation(described)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tradex",
            "version": _version(),
            "description": _INTRODUCTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for each in OPERATIONS)],
        "paths": dict(paths),
        "components": {
            "schemas": _schemas(),
            "parameters": _REQUEST_HEADERS,
            "headers": _ANSWER_HEADERS,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
            },
        },
    }


def _version() -> str:
    try:
        return version("tradex")
    except PackageNotFoundError:
        return "unknown"


def _operation(described: Described) -> Json:
    operation: Json = {
        "operationId": described.id,
        "summary": described.summary,
        "tags": [described.tag],
        "parameters": [*_parameters(described)],
        "responses": {
            **_answers(described),
            **_problems(described),
        },
    }
    if described.body is not None:
        operation["requestBody"] = {
            "required": described.body_required,
            "content": {"application/json": _content(described.body, described.example)},
        }
    if described.secured is not None:
        operation["security"] = [{"bearer": []}] if described.secured else [{}, {"bearer": []}]
    return operation


def _parameters(described: Described) -> Iterable[Json]:
    for name in _PATH_PARAMETER.findall(described.path):
        schema = _PATH_PARAMETERS[name]
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for parameter in described.query:
        kind: Json = {"type": "integer" if parameter.name == "limit" else "string"}
        if parameter.values:
            kind["enum"] = list(parameter.values)
        yield {
            "name": parameter.name,
            "in": "query",
            "description": parameter.what,
            "schema": kind,
        }
    for header in described.headers:
        yield {"$ref": f"#/components/parameters/{header}"}


def _answers(described: Described) -> Json:
    is_limited = any(isinstance(problem, TooManyRequests) for problem in described.problems)
    limits = _LIMITED if is_limited else ()
    return {str(status): _shown(shown, limits) for status, shown in described.answers.items()}


def _shown(shown: Shown, limits: Iterable[str]) -> Json:
    answer: Json = {"description": shown.what}
    if shown.shape is not None:
        answer["content"] = {shown.media_type: _content(shown.shape, shown.example)}
    elif shown.example is not None:
        answer["content"] = {
            shown.media_type: {"schema": {"type": "string"}, "example": shown.example}
        }
    return answer | _headers(*shown.headers, *limits)


def _headers(*names: str) -> Json:
    if not names:
        return {}
    refs = {_HEADER_NAMES[name]: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"headers": refs}


def _problems(described: Described) -> Json:
    by_status: dict[int, list[Problem]] = defaultdict(list)
    for error in (*described.problems, *_ALWAYS):
        problem = problem_of(error, instance=described.path)
        by_status[problem.status].append(problem)
    return {
        str(status): _problem(problems) | _headers(*_PROBLEM_HEADERS.get(status, ()))
        for status, problems in sorted(by_status.items())
    }


def _problem(problems: list[Problem]) -> Json:
    return {
        "description": "; ".join(problem.title for problem in problems) + ".",
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": _REF.format(name="Problem")},
                "examples": {
                    problem.type: {"value": codec.to_builtins(problem)} for problem in problems
                },
            }
        },
    }


def _content(shape: type[msgspec.Struct], example: object) -> Json:
    return {"schema": {"$ref": _REF.format(name=shape.__name__)}, "example": example}


def _schemas() -> Json:
    shapes: list[type[msgspec.Struct]] = [Problem]
    for described in OPERATIONS:
        shown = [answer.shape for answer in described.answers.values()]
        shapes += [shape for shape in (described.body, *shown) if shape is not None]
    _, schemas = msgspec.json.schema_components(
        list(dict.fromkeys(shapes)), schema_hook=codec.schema_hook, ref_template=_REF
    )
    return dict(schemas)


_ALWAYS: Final = (RuntimeError("anything unforeseen"), REPEATED_HEADER)
