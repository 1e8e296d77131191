"""What happened in a run, line by line, as a person reads it."""

from collections.abc import Callable


class Trace:
    """Remembers who did what when, in virtual seconds; put into words only when somebody asks."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._entries: list[tuple[float, str, str, tuple[object, ...]]] = []

    def __call__(self, who: str, what: str, *about: object) -> None:
        """Write down what `who` did; `about` fills the places `{}` of `what`."""
        self._entries.append((self._now(), who, what, about))

    def lines(self) -> list[str]:
        """Return everything, oldest first."""
        return [
            f"{at:9.4f}  {who:<12} {what.format(*about)}" for at, who, what, about in self._entries
        ]
