"""Circuit breakers: a server that is away is not asked, and each change of that is told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from tradex_core.clock import Clock
from tradex_core.errors import Outage, OutcomeUnknown, Tripped
from tradex_core.ids import Entropy
from tradex_core.messaging.broker import Message, Producer
from tradex_core.messaging.retry import Backoff


class BreakerState(StrEnum):
    """Whether a server is asked: always, once to see whether it is back, or not at all."""

    CLOSED = "closed"
    HALF_OPEN = "half_open"
    OPEN = "open"


class BreakerObserver(Protocol):
    """Hears of breakers; must not raise and must not block."""

    def begun(self, breaker: str) -> None:
        """Hear that there is a breaker, which is closed."""
        ...

    def changed(self, breaker: str, to: BreakerState, *, error: Exception | None) -> None:
        """Hear that it changed; the error is why it opened."""
        ...


class BreakerObservers:
    """Several observers as one; with none it is silent."""

    def __init__(self, *observers: BreakerObserver) -> None:
        self._observers = observers

    def begun(self, breaker: str) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.begun(breaker)

    def changed(self, breaker: str, to: BreakerState, *, error: Exception | None) -> None:
        """Tell each."""
        for observer in self._observers:
            observer.changed(breaker, to, error=error)


UNWATCHED: Final = BreakerObservers()


AWAY: Final = (Outage, OutcomeUnknown)
"""What says that a server is away, or did not answer."""


class Circuit:
    """The state of a breaker. A loop that waits for its server is one too: its pause is `open`."""

    def __init__(self, name: str, observer: BreakerObserver) -> None:
        self.name = name
        self.state = BreakerState.CLOSED
        self._observer = observer
        observer.begun(name)

    def fails(self, error: Exception) -> None:
        """Open it; an error that is no sign of an outage changes nothing."""
        if isinstance(error, AWAY):
            self._change(BreakerState.OPEN, error)

    def tries(self) -> None:
        """Half open it, unless it is closed."""
        if self.state is BreakerState.OPEN:
            self._change(BreakerState.HALF_OPEN)

    def works(self) -> None:
        """Close it."""
        self._change(BreakerState.CLOSED)

    def _change(self, to: BreakerState, error: Exception | None = None) -> None:
        if to is not self.state:
            self.state = to
            self._observer.changed(self.name, to, error=error)


class BreakerLimits(msgspec.Struct, frozen=True):
    """When a breaker opens, and for how long.

    It opens after so many failures in a row, and when nothing was answered for longer than
    `patience` though somebody waited. It stays open for half of the pause's bound at least, and
    for what is drawn of the other half, so that processes do not come back all at once.
    """

    failures: int = 5
    patience: timedelta = timedelta(seconds=5)
    pause: Backoff = Backoff(first=1.0, cap=5.0)


class Breaker:
    """Stands before one server, and lets nobody wait for it in vain.

    While it is closed everybody passes. While it is open nobody does, until its time is over; then
    one passes and tries: if that succeeds it closes, if it fails it opens again, for longer. Every
    success closes it, also of what had passed before it opened.
    """

    def __init__(
        self,
        name: str,
        limits: BreakerLimits,
        *,
        clock: Clock,
        entropy: Entropy,
        observer: BreakerObserver = UNWATCHED,
    ) -> None:
        self._circuit = Circuit(name, observer)
        self._limits = limits
        self._clock = clock
        self._entropy = entropy
        self._under_way: dict[Passage, datetime] = {}
        self._probe: Passage | None = None
        self._failures = 0
        self._openings = 0
        self._opened_at = self._open_until = self._answered_at = clock.now()

    @property
    def name(self) -> str:
        """What it is called."""
        return self._circuit.name

    @property
    def state(self) -> BreakerState:
        """Its state."""
        return self._circuit.state

    @property
    def refuses(self) -> bool:
        """Whether it is open and its time is not over: nobody passes now, not even one to try."""
        return self.state is BreakerState.OPEN and self._has_time_left(self._clock.now())

    def passage(self) -> "Passage":
        """Return what to enter while the server is asked.

        An outage that is raised inside, or `heard` of, is a failure; any other exception says
        nothing of the server. Raises Tripped where nobody passes.
        """
        now = self._clock.now()
        if self.state is BreakerState.CLOSED:
            self._open_if_silent(now)
        passage = Passage(self)
        if self.state is not BreakerState.CLOSED:
            self._require_turn(now)
            self._circuit.tries()
            self._probe = passage
        self._under_way[passage] = now
        return passage

    def settle(self, passage: "Passage", error: BaseException | None) -> None:
        """Hear how what had passed came back."""
        del self._under_way[passage]
        is_probe = passage is self._probe
        if is_probe:
            self._probe = None
        if error is None:
            self._failures = self._openings = 0
            if self._under_way:  # whose silence begins anew
                self._answered_at = self._clock.now()
            self._circuit.works()
        elif isinstance(error, AWAY):
            self._failures += 1
            has_failed_enough = self._failures >= self._limits.failures
            if is_probe or (self.state is BreakerState.CLOSED and has_failed_enough):
                self._open(self._clock.now(), error)

    def _require_turn(self, now: datetime) -> None:
        """Raise Tripped unless the time is over and nobody else tries already."""
        left = (self._open_until - now).total_seconds() if self._has_time_left(now) else 0.0
        if left or self._probe is not None:
            msg = f"{self.name} was away and is not asked again yet"
            raise Tripped(msg, retry_after=max(1, ceil(left)))

    def _has_time_left(self, now: datetime) -> bool:
        """Return whether it must stay open; a clock that was set back does not prolong that."""
        return self._opened_at <= now < self._open_until

    def _open_if_silent(self, now: datetime) -> None:
        oldest = next(iter(self._under_way.values()), None)
        if oldest is None:
            return
        silence = now - max(oldest, self._answered_at)
        if silence > self._limits.patience:
            self._open(now, Outage(f"no answer for {silence.total_seconds():.0f} s"))

    def _open(self, now: datetime, error: Exception) -> None:
        self._openings += 1
        pause = self._limits.pause
        half = pause.bound(self._openings) / 2
        seconds = half + pause.delay(self._openings, self._entropy) / 2
        self._opened_at, self._open_until = now, now + timedelta(seconds=seconds)
        self._circuit.fails(error)


class Passage:
    """Somebody who passed a breaker; to be left once the server has answered."""

    __slots__ = ("_breaker", "_error")

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker
        self._error: Exception | None = None

    def heard(self, error: Exception | None) -> None:
        """Hear of an error that is not raised, if there is one."""
        self._error = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._breaker.settle(self, self._error or error)


class GuardedProducer:
    """A producer behind a breaker: while that is open, nothing is published and all is answered."""

    def __init__(self, producer: Producer, breaker: Breaker) -> None:
        self._producer = producer
        self._breaker = breaker

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish as the producer does; answers Tripped while the breaker is open."""
        try:
            passage = self._breaker.passage()
        except Tripped as tripped:
            return [tripped for _ in messages]
        with passage:
            answers = await self._producer.publish(messages)
            passage.heard(next((error for error in answers if isinstance(error, AWAY)), None))
        return answers
