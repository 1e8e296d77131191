"""Traces of what the messaging does, as a port: where in a trace we are, and the spans it opens."""

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import TracebackType
from typing import Final, Protocol, Self

import msgspec

from tradex_core.events.envelope import Envelope, Headers
from tradex_core.messaging.broker import Message, Producer, Record

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"

_PLACE: Final = frozenset({TRACEPARENT, TRACESTATE})
_TRACEPARENT: Final = re.compile(
    "(?!ff)[0-9a-f]{2}-((?!0{32})[0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})"
)
_SAMPLED: Final = 0x01
_LEFT_OUT: Final = frozenset({b"0", b"2", b"4", b"6", b"8", b"a", b"c", b"e"})
"""How a `traceparent` ends that is not sampled."""


class Trace(msgspec.Struct, frozen=True, gc=False):
    """A place in a trace (W3C Trace Context): what follows from it names it as its parent.

    Of a trace that is not `sampled` nobody keeps the spans, here or further on.
    """

    trace_id: str
    span_id: str
    sampled: bool
    tracestate: str | None = None

    @classmethod
    def read(cls, traceparent: str | None, tracestate: str | None = None) -> Self | None:
        """Return what these headers name; None where that is no place in a trace."""
        match = None if traceparent is None else _TRACEPARENT.fullmatch(traceparent)
        if match is None:
            return None
        return cls(match[1], match[2], bool(int(match[3], 16) & _SAMPLED), tracestate)

    @classmethod
    def of(cls, headers: Headers) -> Self | None:
        """Return the place that a message's headers name, if any."""
        place = {name: raw.decode(errors="replace") for name, raw in headers if name in _PLACE}
        return cls.read(place.get(TRACEPARENT), place.get(TRACESTATE)) if place else None

    @staticmethod
    def is_left_out(headers: Headers) -> bool:
        """Whether a message's headers say that nobody keeps its trace, which is most often so."""
        for name, raw in reversed(headers):  # we put it last
            if name == TRACEPARENT:
                return raw[-1:] in _LEFT_OUT
        return False

    @property
    def traceparent(self) -> str:
        """The header of that name."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"

    def on(self, message: Message) -> Message:
        """Return a message with this place in its headers, in place of another."""
        rest = [header for header in message.headers if header[0] not in _PLACE]
        rest.append((TRACEPARENT, self.traceparent.encode()))
        if self.tracestate is not None:
            rest.append((TRACESTATE, self.tracestate.encode()))
        return msgspec.structs.replace(message, headers=tuple(rest))


class Span(Protocol):
    """Something that goes on; whoever opened it ends it."""

    @property
    def trace(self) -> Trace | None:
        """Its place in its trace; None where nothing is traced."""
        ...

    def outcome(self, name: str, *, failed: bool = False) -> None:
        """Say what it came to: one of a few words, never what somebody sent."""
        ...


class Batch(AbstractContextManager["Batch"], Protocol):
    """One attempt at a batch: leaving it ends the spans of its messages."""

    def message(
        self, record: Record, envelope: Envelope | None = None
    ) -> AbstractContextManager[Span]:
        """Return the span of one message's handling, which is `current` while it is entered.

        The envelope is the record's, where it has been read.
        """
        ...

    def committing(self) -> AbstractContextManager[object]:
        """Return what to enter while what the messages came to is committed."""
        ...


class Publishing(AbstractContextManager["Publishing"], Protocol):
    """Messages on their way to the broker: leaving it ends their spans."""

    @property
    def messages(self) -> Sequence[Message]:
        """What to publish: the messages, with where their spans are in their headers."""
        ...

    def answered(self, answers: Sequence[Exception | None]) -> None:
        """Hear what became of each."""
        ...


class Tracer(Protocol):
    """Opens spans; must not raise and must not block."""

    def batch(self, consumer: str, size: int) -> Batch:
        """Begin an attempt at so many messages."""
        ...

    def publishing(self, messages: Sequence[Message]) -> Publishing:
        """Begin to publish messages: each follows from what its headers name."""
        ...

    def receiving(self, record: Record) -> AbstractContextManager[object]:
        """Return what to enter while somebody who waits is told of a message."""
        ...


class _Unchanged(AbstractContextManager["_Unchanged"]):
    """Messages on their way that nobody traces."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages

    def __exit__(self, *_: object) -> None:
        return None

    def answered(self, answers: Sequence[Exception | None]) -> None:
        """Do nothing."""


class Untraced(AbstractContextManager["Untraced"]):
    """Nothing is traced: tracer, batch and span at once, and none of it does anything."""

    trace: None = None

    def __exit__(self, *_: object) -> None:
        return None

    def outcome(self, name: str, *, failed: bool = False) -> None:
        """Do nothing."""

    def message(self, record: Record, envelope: Envelope | None = None) -> Self:  # noqa: ARG002
        """Return itself."""
        return self

    def committing(self) -> Self:
        """Return itself."""
        return self

    def batch(self, consumer: str, size: int) -> Self:  # noqa: ARG002
        """Return itself."""
        return self

    def publishing(self, messages: Sequence[Message]) -> Publishing:
        """Return the messages as they are."""
        return _Unchanged(messages)

    def receiving(self, record: Record) -> Self:  # noqa: ARG002
        """Return itself."""
        return self


UNTRACED: Final = Untraced()

_current: ContextVar[Span] = ContextVar("span", default=UNTRACED)


def current() -> Span:
    """Return the span that we are in, for logs to name and for what we cause to follow from."""
    return _current.get()


class Entered(AbstractContextManager["Entered"]):
    """A span that is current while it is entered; there is one for every message and request."""

    __slots__ = ("_token", "trace")

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        _current.reset(self._token)

    def outcome(self, name: str, *, failed: bool = False) -> None:
        """Say what it came to: nobody keeps that, unless a span knows better."""


def made_in(calls: Iterable[tuple[Span, Callable[[], None]]]) -> None:
    """Make calls, each in its span."""
    was = _current.set(UNTRACED)
    try:
        for span, call in calls:
            _current.set(span)
            call()
    finally:
        _current.reset(was)


class TracedProducer:
    """A producer each of whose messages has a span, which its headers name."""

    def __init__(self, producer: Producer, tracer: Tracer) -> None:
        self._producer = producer
        self._tracer = tracer

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        """Publish as the producer does; in a span that nobody keeps, nothing is to be opened."""
        place = current().trace
        if place is not None and not place.sampled:
            return await self._producer.publish(messages)
        with self._tracer.publishing(messages) as sent:
            answers = await self._producer.publish(sent.messages)
            sent.answered(answers)
        return answers


def traced(producer: Producer, tracer: Tracer) -> Producer:
    """Return a producer whose messages are traced; itself, where nothing is."""
    return producer if tracer is UNTRACED else TracedProducer(producer, tracer)
