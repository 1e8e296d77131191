"""What every aggregate is: an immutable state, and the events of its latest changes."""

from typing import Generic, TypeVar

from tradex_core.events.fields import Event

S = TypeVar("S")


class Aggregate(Generic[S]):
    """A state that is replaced, never changed in place, so that stores can share it.

    A use case checks everything before it changes anything: a refusal leaves no event behind.
    """

    def __init__(self, state: S) -> None:
        self.state = state
        self._events: list[Event] = []

    def change(self, state: S, *events: Event) -> None:
        """Take a new state, and keep the events that tell others of it."""
        self.state = state
        self._events.extend(events)

    def take_events(self) -> list[Event]:
        """Return the events since the last call, oldest first."""
        events, self._events = self._events, []
        return events
