from datetime import timedelta

from tests.builders.machines import RecordingObserver

from tradex_core.messaging.observer import Observer, Observers, Postponed


def tell_all(observer: Observer) -> None:
    observer.handled("orders", "CREATE_ORDER", "done", age=timedelta(seconds=1))
    observer.parked("orders", "topic-0-1", attempts=2, error="broken")
    observer.dead_lettered("orders", "topic-0-1", reason="fatal", error="broken")
    observer.waiting("orders", ValueError("away"))


def heard(observer: RecordingObserver) -> tuple[int, ...]:
    return (
        len(observer.outcomes),
        len(observer.failures),
        len(observer.given_up),
        len(observer.waits),
    )


def test_several_observers_hear_everything() -> None:
    one, other = RecordingObserver(), RecordingObserver()
    tell_all(Observers(one, other))
    assert (1, 1, 1, 1) == heard(one) == heard(other)


def test_no_observer_hears_nothing() -> None:
    tell_all(Observers())


def test_what_is_postponed_is_heard_once_it_is_told() -> None:
    observer = RecordingObserver()
    postponed = Postponed(observer)
    postponed.handled("orders", "CREATE_ORDER", "done", age=timedelta(seconds=1))
    postponed.parked("orders", "topic-0-1", attempts=2, error="broken")
    postponed.dead_lettered("orders", "topic-0-1", reason="fatal", error="broken")
    assert (0, 0, 0, 0) == heard(observer)
    postponed.tell()
    assert (["done"], [2], ["fatal"]) == (
        observer.outcomes,
        observer.failures,
        observer.given_up,
    )
