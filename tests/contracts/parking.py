"""The contract of parked messages: subclass `ParkingContract` and give it a store."""

from datetime import timedelta

import pytest
from tests.contracts.store_harness import (
    CONSUMER,
    NOW,
    ODD,
    Store,
    StoreHarness,
    parked,
)

from tradex_core.errors import StoreConflict
from tradex_core.messaging.broker import Record
from tradex_core.messaging.parking import Lane, Parked
from tradex_core.messaging.unit_of_work import UnitOfWork

SECOND = timedelta(seconds=1)


class ParkingContract(StoreHarness):
    """Everything that a store promises of parked messages and held lanes."""

    async def park(self, store: Store, *entries: Parked) -> None:
        def park(unit: UnitOfWork) -> None:
            for entry in entries:
                unit.park(entry)

        await self.commit(store, park)

    async def unpark(self, store: Store, entry: Parked) -> None:
        await self.commit(store, lambda unit: unit.unpark(entry))

    async def due(self, store: Store, *, seconds: float = 0, limit: int = 10) -> list[Parked]:
        now = NOW + seconds * SECOND
        return list(await store.parking.due(CONSUMER, now=now, limit=limit))

    async def all_parked(self, store: Store) -> list[Parked]:
        return list(await store.parking.all_parked(CONSUMER))

    async def occupied(self, store: Store, *lanes: Lane) -> set[Lane]:
        async with store.open_unit() as unit:
            return set(await unit.occupied(lanes))

    async def test_where_nothing_is_parked_nothing_is_due(self, store: Store) -> None:
        assert [] == await self.due(store)
        assert [] == await self.all_parked(store)
        assert await store.parking.next_due(CONSUMER) is None
        assert set() == await self.occupied(store, parked().lane)

    async def test_a_message_is_due_when_its_time_has_come(self, store: Store) -> None:
        entry = parked(at=NOW + SECOND)
        await self.park(store, entry)
        assert [] == await self.due(store, seconds=0.999)
        assert [entry] == await self.due(store, seconds=1)
        assert NOW + SECOND == await store.parking.next_due(CONSUMER)

    @pytest.mark.parametrize(
        "record",
        [
            Record("topic", 5, 2**40, NOW, b"\x00\xff", b"\xff" * 5000, ODD),
            Record("topic", 0, 0, NOW, None, None),
            Record("topic", 0, 1, NOW, b"", b"", (("ce_id", b"1"),)),
        ],
    )
    async def test_a_record_is_parked_as_it_lay(self, store: Store, record: Record) -> None:
        entry = Parked(
            lane=Lane.of(CONSUMER, record),
            record=record,
            attempts=3,
            first_failed_at=NOW - SECOND,
            next_attempt_at=NOW,
            error="ValueError: é",
        )
        await self.park(store, entry)
        assert [entry] == await self.due(store) == await self.all_parked(store)

    async def test_only_the_head_of_a_lane_is_due(self, store: Store) -> None:
        head, second, third = (parked(n, at=NOW + (3 - n) * SECOND) for n in range(3))
        await self.park(store, head, second)
        await self.park(store, third)
        assert [] == await self.due(store, seconds=2)
        for entry in (head, second, third):
            assert [entry] == await self.due(store, seconds=10)
            assert entry.next_attempt_at == await store.parking.next_due(CONSUMER)
            await self.unpark(store, entry)
        assert [] == await self.all_parked(store)

    async def test_lanes_are_due_by_their_time_and_no_more_than_asked_for(
        self, store: Store
    ) -> None:
        entries = [parked(n, key=f"key-{n}", at=NOW + n * SECOND) for n in (3, 1, 4, 2, 9)]
        await self.park(store, *entries)
        due = [entry.record.offset for entry in await self.due(store, seconds=5)]
        assert [1, 2, 3, 4] == due
        assert [1, 2] == [
            entry.record.offset for entry in await self.due(store, seconds=5, limit=2)
        ]
        assert NOW + SECOND == await store.parking.next_due(CONSUMER)

    async def test_everything_parked_is_shown_in_order_per_lane(self, store: Store) -> None:
        entries = [parked(n, key=f"key-{n % 3}") for n in range(12)]
        await self.park(store, *entries)
        shown = await self.all_parked(store)
        assert 12 == len(shown)
        for key in range(3):
            lane = [e for e in shown if e.lane.key == f"key-{key}".encode()]
            assert [e for n, e in enumerate(entries) if n % 3 == key] == lane

    async def test_consumers_have_nothing_in_common(self, store: Store) -> None:
        theirs = parked(consumer="another")
        await self.park(store, theirs)
        assert ([], []) == (await self.due(store), await self.all_parked(store))
        assert {theirs.lane} == await self.occupied(store, theirs.lane, parked().lane)

    async def test_what_is_parked_again_keeps_its_place(self, store: Store) -> None:
        head, second = parked(0), parked(1)
        await self.park(store, head, second)
        again = parked(0, attempts=2, at=NOW + SECOND)

        def fail_again(unit: UnitOfWork) -> None:
            unit.unpark(head)
            unit.park(again)

        await self.commit(store, fail_again)
        assert [again, second] == await self.all_parked(store)
        assert [] == await self.due(store)
        assert [again] == await self.due(store, seconds=1)

    async def test_one_message_is_tried_by_one_unit(self, store: Store) -> None:
        entry = parked()
        await self.park(store, entry)
        await self.unpark(store, entry)
        with pytest.raises(StoreConflict):
            await self.unpark(store, entry)

    async def test_a_message_that_somebody_tried_meanwhile_is_another(self, store: Store) -> None:
        head, again = parked(), parked(attempts=2)
        await self.park(store, head)

        def fail_again(unit: UnitOfWork) -> None:
            unit.unpark(head)
            unit.park(again)

        await self.commit(store, fail_again)
        with pytest.raises(StoreConflict):
            await self.unpark(store, head)
        assert [again] == await self.all_parked(store)

    async def test_units_that_try_the_same_message_side_by_side_try_it_once(
        self, store: Store
    ) -> None:
        entry = parked()
        await self.park(store, entry)
        tried = []

        async def retry() -> None:
            if [entry] == await self.due(store):
                await self.unpark(store, entry)
                tried.append(entry)

        await self.race(*[retry] * 4)
        assert [entry] == tried

    async def test_a_lane_in_which_something_is_parked_is_occupied(self, store: Store) -> None:
        await self.park(store, parked(0), parked(1))
        lane, free = parked().lane, parked(key="free").lane
        assert {lane} == await self.occupied(store, lane, free)
        await self.unpark(store, parked(0))
        assert {lane} == await self.occupied(store, lane)
        await self.unpark(store, parked(1))
        assert set() == await self.occupied(store, lane)

    async def test_in_a_held_lane_nothing_is_due(self, store: Store) -> None:
        held, other = parked(0), parked(1, key="other", at=NOW + SECOND)
        await self.park(store, held, other)
        await self.commit(store, lambda unit: unit.hold(held.lane))
        assert [] == await self.due(store)
        assert NOW + SECOND == await store.parking.next_due(CONSUMER)
        assert [other] == await self.due(store, seconds=1)
        assert {0, 1} == {entry.record.offset for entry in await self.all_parked(store)}
        await self.commit(store, lambda unit: unit.release(held.lane))
        assert [held] == await self.due(store)

    async def test_a_held_lane_is_occupied_until_it_is_released(self, store: Store) -> None:
        lane = parked().lane
        for _ in range(2):
            await self.commit(store, lambda unit: unit.hold(lane))
            assert {lane} == await self.occupied(store, lane)
        for _ in range(2):
            await self.commit(store, lambda unit: unit.release(lane))
            assert set() == await self.occupied(store, lane)

    async def test_of_holding_and_releasing_in_one_unit_the_last_counts(self, store: Store) -> None:
        lane, other = parked().lane, parked(key="other").lane

        def both(unit: UnitOfWork) -> None:
            unit.release(lane)
            unit.hold(lane)
            unit.hold(other)
            unit.release(other)

        await self.commit(store, lambda unit: unit.hold(lane))
        await self.commit(store, both)
        assert {lane} == await self.occupied(store, lane, other)

    async def test_without_a_commit_nothing_is_parked_or_taken(self, store: Store) -> None:
        entry = parked()
        await self.park(store, entry)
        async with store.open_unit() as unit:
            await unit.load(())
            unit.unpark(entry)
            unit.park(parked(1))
            unit.hold(parked(key="other").lane)
        assert [entry] == await self.all_parked(store)
        assert {entry.lane} == await self.occupied(store, entry.lane, parked(key="other").lane)
