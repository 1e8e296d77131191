"""Money: an amount with two decimal places, within the bounds of a DECIMAL(10, 2) column."""

from decimal import Context, Decimal, InvalidOperation
from functools import total_ordering
from typing import Self

_MAX_CENTS = 99_999_999_99
_CENT = Decimal("0.01")
_CONTEXT = Context(prec=12)


@total_ordering
class Money:
    """An exact amount from 0.00 to 99,999,999.99, kept as a whole number of cents.

    Raises ValueError where a value is no finite number, has a third decimal place or is out of
    bounds.
    """

    __slots__ = ("cents",)
    cents: int

    def __init__(self, amount: Decimal | int | str) -> None:
        try:
            value = Decimal(amount)
        except InvalidOperation as error:
            msg = "an amount must be a number"
            raise ValueError(msg) from error
        if not value.is_finite() or value.adjusted() > 8:  # noqa: PLR2004
            msg = "an amount must be between 0.00 and 99999999.99"
            raise ValueError(msg)
        rounded = value.quantize(_CENT, context=_CONTEXT)
        if rounded != value:
            msg = "an amount has at most two decimal places"
            raise ValueError(msg)
        cents = int(rounded.scaleb(2, context=_CONTEXT))
        object.__setattr__(self, "cents", self._within_bounds(cents))

    @classmethod
    def of_cents(cls, cents: int) -> Self:
        """Make an amount from a whole number of cents."""
        money = cls.__new__(cls)
        object.__setattr__(money, "cents", cls._within_bounds(cents))
        return money

    @staticmethod
    def _within_bounds(cents: int) -> int:
        if not 0 <= cents <= _MAX_CENTS:
            msg = "an amount must be between 0.00 and 99999999.99"
            raise ValueError(msg)
        return cents

    @property
    def amount(self) -> Decimal:
        """The amount as a Decimal with exactly two places."""
        return Decimal(self.cents).scaleb(-2, context=_CONTEXT)

    def __setattr__(self, name: str, value: object) -> None:
        msg = "Money cannot be changed"
        raise AttributeError(msg)

    def __add__(self, other: "Money") -> "Money":
        return Money.of_cents(self.cents + other.cents)

    def __mul__(self, quantity: int) -> "Money":
        return Money.of_cents(self.cents * quantity)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and self.cents == other.cents

    def __lt__(self, other: "Money") -> bool:
        return self.cents < other.cents

    def __hash__(self) -> int:
        return hash(self.cents)

    def __str__(self) -> str:
        return f"{self.cents // 100}.{self.cents % 100:02d}"

    def __repr__(self) -> str:
        return f"Money('{self}')"

    def __reduce__(self) -> tuple[object, ...]:
        return Money, (str(self),)
