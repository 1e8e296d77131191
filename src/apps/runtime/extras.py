"""The drivers that come with an extra of the package, and what is said where one is missing."""

from collections.abc import Iterator
from contextlib import contextmanager

_OURS = ("adapters", "apps", "tradex_core")


class MissingExtra(Exception):
    """A setting asks for a driver that is not installed; the message names the remedy."""


@contextmanager
def extra(name: str, *, driver: str, wanted_by: str) -> Iterator[None]:
    """Import inside of it what needs an extra of the package; raises MissingExtra without it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _OURS:
            raise
        msg = f"{wanted_by} needs {driver}: pip install 'tradex[{name}]'"
        raise MissingExtra(msg) from error
