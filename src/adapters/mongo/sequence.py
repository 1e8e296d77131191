"""The order of what is in commits, over all of them."""

from typing import Final

_INDEX_BITS: Final = 20


def sequence(commit: int, index: int) -> int:
    """Number what is in a commit so that it comes after all that was committed before."""
    return commit << _INDEX_BITS | index


def commit_and_index(number: int) -> tuple[int, int]:
    """Return the commit and the index in it from which `sequence` made a number."""
    return number >> _INDEX_BITS, number & (1 << _INDEX_BITS) - 1
