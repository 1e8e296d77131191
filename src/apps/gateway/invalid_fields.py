"""Finds the fields of a body that are not valid, for the answer that names them all."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any, Final, cast, get_args, get_origin

from msgspec import Struct
from msgspec.structs import FieldInfo, fields

from apps.gateway.problems import FieldError
from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events import fields as wire

MAX_ERRORS: Final = 100
"""How many are told of at most: a small body must not make a large answer."""

_PATH: Final = re.compile(r" - at `\$(.*)`$")
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_HUGE: Final = "Integer value out of range"
"""The decoder's word for a number that is JSON, and that no type of a field holds."""
_REGEX: Final = re.compile(r"^Expected `str` matching regex '(.*)'$", re.DOTALL)


def _pattern(kind: Any) -> str:  # noqa: ANN401 - an annotated type
    return repr(get_args(kind)[1].pattern)[1:-1]


_PHRASES: Final = {
    _pattern(wire.Text): "must not contain a NUL character",
    _pattern(wire.Name): "must not be blank, nor contain a NUL character",
    _pattern(wire.Sku): "must not contain white space or control characters",
    _pattern(wire.Url): "must be an http or https URL",
    _pattern(wire.Email): "must be an e-mail address",
    _pattern(wire.ObjectIdHex): "must be the id of a product: 24 lower-case hex digits",
}


def invalid_fields(data: bytes, shape: type[Struct], *, first: str) -> tuple[FieldError, ...]:
    """Return what is wrong with JSON that is no `shape`, in the order of the shape's fields.

    Unknown fields come last, and there are MAX_ERRORS at most. `first` is the decoder's message,
    which counts where nothing else is found. Empty where the data is not JSON.
    """
    try:
        value: Any = codec.decode(data, cast("type[Any]", Any))
    except Undecodable:
        return (_of_message(first),) if first.startswith(_HUGE) else ()
    found = tuple(islice(_wrong(value, shape, ""), MAX_ERRORS))
    return found or (_of_message(first),)


def _wrong(value: Any, shape: Any, pointer: str) -> Iterator[FieldError]:  # noqa: ANN401
    try:
        codec.from_builtins(value, shape)
    except Undecodable as error:
        inside = _inside(value, shape, pointer)
        yield next(inside, None) or FieldError(pointer, _phrase(str(error)))
        yield from inside


def _inside(value: Any, shape: Any, pointer: str) -> Iterator[FieldError]:  # noqa: ANN401
    kind = get_args(shape)[0] if get_origin(shape) is Annotated else shape
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, Struct):
        known = {field.encode_name: field for field in fields(kind)}
        for name, field in known.items():
            yield from _wrong_field(value, field, f"{pointer}/{name}")
        for name in value:
            if name not in known:
                yield FieldError(f"{pointer}/{_escaped(name)}", "there is no such field")
    elif isinstance(value, list) and get_origin(kind) is tuple:
        for place, item in enumerate(value):
            yield from _wrong(item, get_args(kind)[0], f"{pointer}/{place}")


def _wrong_field(value: dict[str, Any], field: FieldInfo, pointer: str) -> Iterator[FieldError]:
    if field.encode_name in value:
        yield from _wrong(value[field.encode_name], field.type, pointer)
    elif field.required:
        yield FieldError(pointer, "must be given")


def _of_message(message: str) -> FieldError:
    path = _PATH.search(message)
    steps = _STEP.findall(path[1]) if path else []
    pointer = "".join(f"/{name or place}" for name, place in steps)
    return FieldError(pointer, _phrase(message))


def _phrase(message: str) -> str:
    text = _PATH.sub("", message)
    regex = _REGEX.match(text)
    if regex is not None:
        return _PHRASES.get(regex[1], "does not have the right form")
    return text.replace("`decimal`", "`float`")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
