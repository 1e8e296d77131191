"""JSON as the original wrote it: money as a number with two places, times in RFC 3339 UTC."""

from collections.abc import Hashable
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any, TypeVar, cast

import msgspec

from tradex_core.errors import Undecodable
from tradex_core.money import Money

T = TypeVar("T")


def _encode_money(value: object) -> Decimal:
    if isinstance(value, Money):
        return _amount(value.cents)
    msg = f"{type(value).__name__} has no JSON form"
    raise NotImplementedError(msg)


@lru_cache(maxsize=4096)
def _amount(cents: int) -> Decimal:
    """Return one object for all amounts that are equal: prices come again and again."""
    return Money.of_cents(cents).amount


def _decode_money(target: type, value: object) -> Money:
    if target is not Money:
        msg = f"{target.__name__} has no JSON form"
        raise NotImplementedError(msg)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        msg = "Expected `number`"
        raise ValueError(msg)  # noqa: TRY004 - msgspec adds the path to a ValueError
    return _money(value)


@lru_cache(maxsize=4096)
def _money(value: int | Decimal) -> Money:
    """Return one object for all amounts that are equal, as `_amount` does."""
    return Money(value)


def _decode_number(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # its exponent is beyond all bounds, as are those of every field
        return Decimal("Infinity")


_encoder = msgspec.json.Encoder(enc_hook=_encode_money, decimal_format="number")


@cache
def _decoder(target: Any) -> Any:  # noqa: ANN401 - the decoder of whatever type it is
    return msgspec.json.Decoder(target, dec_hook=_decode_money, float_hook=_decode_number)


def encode(value: object) -> bytes:
    """Encode a message or resource as JSON."""
    return _encoder.encode(value)


def decode(data: bytes | msgspec.Raw, target: type[T]) -> T:
    """Decode JSON as `target`.

    Raises Undecodable, naming the field, where it is not JSON or does not fit.
    """
    try:
        decoded: T = _decoder(cast("Hashable", target)).decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError, ArithmeticError) as error:
        raise Undecodable(str(error)) from error
    return decoded


def schema_hook(kind: type) -> dict[str, Any]:
    """Return the JSON Schema of a type that msgspec does not know; give it to msgspec."""
    if kind is Money:
        return {"type": "number", "minimum": 0, "maximum": 99999999.99, "multipleOf": 0.01}
    msg = f"{kind.__name__} has no JSON form"
    raise NotImplementedError(msg)


def to_builtins(value: object) -> Any:  # noqa: ANN401 - JSON's own types
    """Return the value as dicts, lists, strings and numbers, money as Decimal, times as text."""
    return msgspec.to_builtins(value, enc_hook=_encode_money, builtin_types=(Decimal,))


def from_builtins(value: object, target: type[T]) -> T:
    """Read a value that was decoded from JSON without a type as `target`.

    Raises Undecodable, naming the field, where it does not fit.
    """
    try:
        return msgspec.convert(value, target, dec_hook=_decode_money)
    except msgspec.ValidationError as error:
        raise Undecodable(str(error)) from error
