"""Rounds in turns: what is compared runs A B A B …, so that whatever slows a round slows both."""

from collections.abc import Callable, Iterable, Sequence
from statistics import quantiles
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")


class Ratio(Struct, frozen=True):
    """How one thing compares to another: the median of the rounds' ratios, and their quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> "Ratio":
        """Return the ratio of the first to the second, which ran in the same round."""
        ratios = [first / second for first, second in pairs]
        if len(ratios) == 1:
            return cls.exactly(ratios[0])
        low, middle, high = quantiles(ratios, n=4, method="inclusive")
        return cls(middle, low, high)

    @classmethod
    def exactly(cls, value: float) -> "Ratio":
        """Return what was measured once."""
        return cls(value, value, value)


def in_turns(rounds: int, *sides: Callable[[], T]) -> list[Sequence[T]]:
    """Run each side once a round, in the order given, and return what they returned by round."""
    return [[side() for side in sides] for _ in range(rounds)]
