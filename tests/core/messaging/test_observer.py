from collections.abc import Sequence

from tests.builders.machines import RecordingObserver
from tests.builders.messages import a_handled, a_record

from tradex_core.errors import Outage
from tradex_core.messaging.broker import Message
from tradex_core.messaging.observer import ObservedProducer, Observer, Observers, Postponed

AWAY = Outage("the broker is away")


def tell_all(observer: Observer) -> None:
    observer.handled([a_handled()])
    observer.parked("orders", a_record(), attempts=2, error="broken")
    observer.dead_lettered("orders", a_record(), reason="fatal", error="broken")
    observer.waiting("orders", ValueError("away"))
    observer.published("order.created", 1, failed=False)


def heard(observer: RecordingObserver) -> tuple[int, ...]:
    return (
        len(observer.outcomes),
        len(observer.failures),
        len(observer.given_up),
        len(observer.waits),
        len(observer.published_to),
    )


def test_several_observers_hear_everything() -> None:
    one, other = RecordingObserver(), RecordingObserver()
    tell_all(Observers(one, other))
    assert (1, 1, 1, 1, 1) == heard(one) == heard(other)


def test_no_observer_hears_nothing() -> None:
    tell_all(Observers())


def test_what_is_postponed_is_heard_once_it_is_told() -> None:
    observer = RecordingObserver()
    postponed = Postponed(observer)
    postponed.handled(a_handled())
    postponed.parked("orders", a_record(), attempts=2, error="broken")
    postponed.dead_lettered("orders", a_record(), reason="fatal", error="broken")
    assert (0, 0, 0, 0, 0) == heard(observer)
    postponed.tell()
    assert (["done"], [2], ["fatal"]) == (
        observer.outcomes,
        observer.failures,
        observer.given_up,
    )


class HalfAway:
    """Takes every second message."""

    async def publish(self, messages: Sequence[Message]) -> list[Exception | None]:
        return [AWAY if number % 2 else None for number, _ in enumerate(messages)]


async def test_an_observer_hears_what_the_broker_acknowledged_and_what_it_did_not() -> None:
    observer = RecordingObserver()
    topics = ["order.created", "order.updated", "order.created", "order.created"]
    messages = [Message(topic, None, b"") for topic in topics]
    answers = await ObservedProducer(HalfAway(), observer).publish(messages)
    assert [None, AWAY, None, AWAY] == answers
    assert {
        ("order.created", 2, False),
        ("order.created", 1, True),
        ("order.updated", 1, True),
    } == {*observer.published_to}
