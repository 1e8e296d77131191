import asyncio
from contextlib import suppress

from tests.builders.machines import NOW

from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.ids import OperationId
from tradex_core.operations.waiting import Outcomes

ONE = OperationId("018d0c1e-8a00-7000-8000-0000000000f1")
OTHER = OperationId("018d0c1e-8a00-7000-8000-0000000000f2")


def reply(
    operation_id: str = ONE, status: OutcomeStatus = OutcomeStatus.SUCCEEDED
) -> CommandReplied:
    return CommandReplied(
        operation_id=operation_id, command="CREATE_ORDER", status=status, completed_at=NOW
    )


async def test_everybody_who_waits_for_an_operation_hears_its_outcome() -> None:
    outcomes = Outcomes()
    with outcomes.expect(ONE) as mine, outcomes.expect(ONE) as too, outcomes.expect(OTHER) as not_:
        outcomes.tell(reply(ONE))
        assert reply(ONE) == await mine == await too
        assert not not_.done()


async def test_what_comes_before_the_wait_is_there_at_once() -> None:
    outcomes = Outcomes()
    with outcomes.expect(ONE) as future:
        outcomes.tell(reply())
        async with asyncio.timeout(1):
            assert reply() == await future


async def test_an_outcome_that_is_told_twice_stays_the_first() -> None:
    outcomes = Outcomes()
    with outcomes.expect(ONE) as future:
        outcomes.tell(reply())
        outcomes.tell(reply(status=OutcomeStatus.FAILED))
        assert reply() == await future


async def test_an_outcome_that_nobody_waits_for_is_forgotten() -> None:
    outcomes = Outcomes()
    outcomes.tell(reply())
    with outcomes.expect(ONE) as future:
        await asyncio.sleep(0)
        assert not future.done()


async def test_who_gave_up_waiting_is_passed_over() -> None:
    outcomes = Outcomes()
    with outcomes.expect(ONE) as gone, outcomes.expect(ONE) as staying:
        gone.cancel()
        outcomes.tell(reply())
        assert reply() == await staying


async def test_it_counts_those_who_wait_until_they_left() -> None:
    outcomes = Outcomes()
    with outcomes.expect(ONE), suppress(RuntimeError), outcomes.expect(ONE):
        assert 2 == len(outcomes)
        raise RuntimeError
    assert 0 == len(outcomes)


async def test_nothing_is_kept_of_who_left() -> None:
    outcomes = Outcomes()
    for _ in range(100):
        with outcomes.expect(ONE), outcomes.expect(OTHER):
            outcomes.tell(reply())
    assert not vars(outcomes)["_waiting"]
