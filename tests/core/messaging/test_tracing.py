"""Where in a trace a message stands, and how what it causes follows from it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders.journals import JournalService
from tests.builders.machines import RecordingObserver
from tests.builders.messages import ORDER_ID, a_record, cancel_order, signed

from tradex_core.errors import InvalidInput
from tradex_core.events import topics
from tradex_core.events.envelope import Envelope, Headers
from tradex_core.messaging import tracing
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.observer import Postponed
from tradex_core.messaging.tracing import UNTRACED, Entered, Publishing, Trace, Untraced, traced

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN_ID = "00f067aa0ba902b7"
PLACE = Trace(TRACE_ID, SPAN_ID, sampled=True)
FROM_PLACE: Headers = (("traceparent", PLACE.traceparent.encode()),)


class NotedSpan(Entered):
    """A span at a place, which keeps what it came to."""

    def __init__(self, name: str, trace: Trace) -> None:
        super().__init__(trace)
        self.name = name
        self.outcomes: list[str] = []

    def outcome(self, name: str, *, failed: bool = False) -> None:
        self.outcomes.append(f"{name}!" if failed else name)


class Notes(Untraced):
    """Notes what begins and what messages come to; its spans are numbered, within one trace."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.spans: list[NotedSpan] = []

    def batch(self, consumer: str, size: int) -> "Notes":
        self.begun.append(f"{consumer} handles {size}")
        return self

    def message(  # type: ignore[override]
        self, record: Record, envelope: Envelope | None = None
    ) -> NotedSpan:
        return self._span(record.topic)

    @contextmanager
    def committing(self) -> Iterator[None]:  # type: ignore[override]
        self.begun.append("commit")
        yield

    def publishing(self, messages: Sequence[Message]) -> Publishing:
        named = [self._span(message.topic).trace.on(message) for message in messages]
        return UNTRACED.publishing(named)

    @property
    def outcomes(self) -> list[list[str]]:
        return [span.outcomes for span in self.spans]

    def _span(self, name: str) -> NotedSpan:
        span_id = f"{len(self.spans) + 1:016x}"
        self.spans.append(NotedSpan(name, Trace(TRACE_ID, span_id, sampled=True)))
        return self.spans[-1]


class WhereHeard(RecordingObserver):
    """Keeps in which span it hears of a message that is parked."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Trace | None] = []

    def parked(self, consumer: str, record: Record, *, attempts: int, error: str) -> None:
        self.places.append(tracing.current().trace)


def a(message_id: str, *, headers: Headers = ()) -> Message:
    return signed(cancel_order(ORDER_ID), message_id, headers=headers)


async def traced_service() -> tuple[JournalService, Notes]:
    notes = Notes()
    service = JournalService(tracer=notes)
    await service.start()
    return service, notes


def place_of(record: Record) -> Trace | None:
    return Trace.of(record.headers)


def test_a_traceparent_is_read_and_written_again() -> None:
    header = f"00-{TRACE_ID}-{SPAN_ID}-01"
    place = Trace.read(header, "shop=1")
    assert Trace(TRACE_ID, SPAN_ID, sampled=True, tracestate="shop=1") == place
    assert header == PLACE.traceparent


def test_of_what_its_headers_say_nobody_keeps_no_place_is_sampled() -> None:
    for flags in range(256):
        headers = (("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-{flags:02x}".encode()),)
        place = Trace.of(headers)
        assert place is not None
        assert place.sampled is not Trace.is_left_out(headers)
    assert not Trace.is_left_out(())


def test_a_later_version_is_read_as_ours() -> None:
    place = Trace.read(f"01-{TRACE_ID}-{SPAN_ID}-02")
    assert Trace(TRACE_ID, SPAN_ID, sampled=False) == place


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        f"ff-{TRACE_ID}-{SPAN_ID}-01",
        f"00-{'0' * 32}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{'0' * 16}-01",
        f"00-{TRACE_ID.upper()}-{SPAN_ID}-01",
        f"00-{TRACE_ID}-{SPAN_ID}-01\n",
        f"00-{TRACE_ID}-{SPAN_ID}-01-more",
    ],
)
def test_what_is_no_traceparent_is_no_place(header: str | None) -> None:
    assert Trace.read(header) is None


@given(st.binary())
def test_whatever_a_header_holds_reading_it_does_not_fail(raw: bytes) -> None:
    assert Trace.of((("traceparent", raw), ("tracestate", raw))) is None


def test_a_place_replaces_the_one_that_a_message_had() -> None:
    former = (("traceparent", b"x"), ("ce_id", b"1"), ("tracestate", b"y"))
    message = PLACE.on(Message("topic", b"key", b"{}", former))
    assert (("ce_id", b"1"), *FROM_PLACE) == message.headers


def test_nothing_is_traced_unless_somebody_does() -> None:
    assert tracing.current() is UNTRACED
    assert tracing.current().trace is None


def test_a_producer_that_nobody_traces_is_left_as_it_is(service: JournalService) -> None:
    assert traced(service.broker, UNTRACED) is service.broker


async def test_untraced_a_place_is_passed_on_as_it_came(service: JournalService) -> None:
    await service.receive(a("1", headers=FROM_PLACE))
    assert [PLACE] == [place_of(record) for record in await service.replies()]


async def test_what_a_message_causes_follows_from_its_handling() -> None:
    service, notes = await traced_service()
    await service.receive(a("1", headers=FROM_PLACE))
    [row] = [row for row in await rows_of(service) if is_reply(row)]
    assert notes.spans[0].trace == Trace.of(row.headers)


async def test_a_message_names_the_span_that_published_it() -> None:
    service, notes = await traced_service()
    await service.receive(a("1", headers=FROM_PLACE))
    replies = await service.replies()
    published = [s.trace for s in notes.spans if s.name == topics.COMMAND_REPLIES]
    assert published == [place_of(record) for record in replies]


async def test_an_attempt_is_traced_with_its_commit_and_each_message_with_its_outcome() -> None:
    service, notes = await traced_service()
    service.trouble("2", InvalidInput("not so"))
    await service.receive(a("1"), a("2"))
    assert ["journals handles 2", "commit"] == notes.begun
    assert [["done"], [InvalidInput.slug]] == notes.outcomes


async def test_what_was_handled_before_has_no_span() -> None:
    service, notes = await traced_service()
    await service.receive(a("1"))
    await service.receive(a("1"))
    assert [["done"]] == notes.outcomes


async def test_what_is_set_aside_and_what_waits_behind_it_shows_that() -> None:
    service, notes = await traced_service()
    service.trouble("1", *[ValueError("broken")] * 2)
    await service.receive(a("1"))
    await service.receive(a("2"))
    assert [[], [], ["parked"], ["parked"]] == notes.outcomes
    await service.retry(2)
    assert [["done"], ["done"]] == notes.outcomes[4:]


async def test_a_dead_letter_shows_as_a_failure() -> None:
    service, notes = await traced_service()
    await service.receive(Message(topics.ORDER_COMMANDS, b"k", b"garbage"))
    assert [["undecodable!"]] == notes.outcomes


async def test_an_observer_hears_where_in_its_trace_a_message_was_handled() -> None:
    service, notes = await traced_service()
    await service.receive(a("1"), a("2"))
    assert [span.trace for span in notes.spans] == service.observer.traces


async def test_an_observer_hears_of_what_went_wrong_in_its_span() -> None:
    observer = WhereHeard()
    news = Postponed(observer)
    with Entered(PLACE):
        news.parked("orders", a_record(), attempts=1, error="broken")
    news.parked("orders", a_record(), attempts=1, error="broken")
    news.tell()
    assert [PLACE, None] == observer.places
    assert tracing.current() is UNTRACED


async def rows_of(service: JournalService) -> list[Message]:
    """Return what waits in the outbox."""
    async with service.database.outbox.lease(now=service.clock.now(), limit=100) as lease:
        return [row.message for row in lease.rows]


def is_reply(message: Message) -> bool:
    return message.topic == topics.COMMAND_REPLIES
