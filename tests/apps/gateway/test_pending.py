from itertools import count

from tests.builders.machines import NOW

from apps.gateway.pending import PendingOperations
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.ids import OperationId
from tradex_core.messaging.tracing import Trace


class Durations:
    """Keeps how long operations took."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, float]] = []

    def begun(self) -> None:
        raise AssertionError

    def answered(
        self, *, method: str, route: str, status: int, seconds: float, trace: Trace | None
    ) -> None:
        raise AssertionError

    def finished(self, *, command: str, status: str, seconds: float) -> None:
        self.heard.append((command, status, seconds))


def a_reply(operation_id: str) -> CommandReplied:
    return CommandReplied(operation_id, "CREATE_ORDER", OutcomeStatus.FAILED, NOW)


def pending_operations(durations: Durations, *, limit: int = 10) -> PendingOperations:
    ticks = count(0.0, 1.0)
    return PendingOperations(durations, limit=limit, monotonic=lambda: next(ticks))


def test_an_operation_is_pending_until_its_outcome_is_heard() -> None:
    durations = Durations()
    pending = pending_operations(durations)
    pending.accept(OperationId("one"), "CREATE_ORDER")
    assert 1 == len(pending)
    pending.finish(a_reply("one"))
    assert 0 == len(pending)
    assert [("CREATE_ORDER", "failed", 1.0)] == durations.heard


def test_the_outcome_of_what_another_process_accepted_is_not_ours_to_count() -> None:
    durations = Durations()
    pending_operations(durations).finish(a_reply("elsewhere"))
    assert [] == durations.heard


def test_what_was_not_published_is_not_pending() -> None:
    pending = pending_operations(Durations())
    pending.accept(OperationId("one"), "CREATE_ORDER")
    pending.forget(OperationId("one"))
    assert 0 == len(pending)


def test_of_too_many_the_oldest_is_forgotten() -> None:
    durations = Durations()
    pending = pending_operations(durations, limit=2)
    for name in ("one", "two", "three"):
        pending.accept(OperationId(name), "CREATE_ORDER")
    for name in ("one", "two", "three"):
        pending.finish(a_reply(name))
    assert 2 == len(durations.heard)
