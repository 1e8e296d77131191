"""The contract of every unit of work: subclass `UnitOfWorkContract` and give it a store."""

import asyncio

import pytest
from tests.contracts.store_harness import (
    ODD,
    Store,
    StoreHarness,
    a_delivery,
    a_message,
    parked,
)
from tests.contracts.unit_isolation import IsolationContract

from tradex_core.errors import StoreConflict
from tradex_core.messaging.broker import Message
from tradex_core.messaging.unit_of_work import UnitOfWork


class CommittingContract(StoreHarness):
    async def test_what_was_committed_is_there(self, store: Store) -> None:
        await self.given(store, "a", "b")
        assert [1, 1, None] == [await self.version(store, name) for name in ("a", "b", "c")]

    async def test_what_was_changed_is_the_next_version(self, store: Store) -> None:
        await self.given(store, "a")
        for _ in range(2):
            async with store.open_unit() as unit:
                await unit.load(store.needs("a"))
                store.change(unit, "a")
                await unit.commit()
        assert 3 == await self.version(store, "a")

    async def test_a_unit_sees_its_own_changes(self, store: Store) -> None:
        async with store.open_unit() as unit:
            await unit.load([*store.needs("a"), *store.needs("b")])
            store.add(unit, "a")
            store.change(unit, "a")
            assert [2, None] == [store.version(unit, name) for name in ("a", "b")]
            await unit.commit()
        assert 2 == await self.version(store, "a")

    async def test_without_a_commit_nothing_was(self, store: Store) -> None:
        await self.given(store, "a")
        async with store.open_unit() as unit:
            await unit.load([*store.needs("a"), *store.needs("b")])
            self.do_everything(store, unit)
        await self.nothing_was_done(store)

    async def test_after_an_error_nothing_was(self, store: Store) -> None:
        await self.given(store, "a")

        async def fail() -> None:
            async with store.open_unit() as unit:
                await unit.load([*store.needs("a"), *store.needs("b")])
                self.do_everything(store, unit)
                msg = "a handler fails"
                raise RuntimeError(msg)

        with pytest.raises(RuntimeError, match="a handler fails"):
            await fail()
        await self.nothing_was_done(store)

    async def test_after_a_conflict_nothing_was(self, store: Store) -> None:
        await self.given(store, "a")
        stale = parked(offset=9, key="stale")
        await self.commit(store, lambda unit: unit.park(stale))
        await self.commit(store, lambda unit: unit.unpark(stale))

        async def conflict() -> None:
            async with store.open_unit() as unit:
                await unit.load([*store.needs("a"), *store.needs("b")])
                self.do_everything(store, unit)
                unit.unpark(stale)
                await unit.commit()

        with pytest.raises(StoreConflict):
            await conflict()
        await self.nothing_was_done(store)

    def do_everything(self, store: Store, unit: UnitOfWork) -> None:
        store.change(unit, "a")
        store.add(unit, "b")
        unit.record(a_delivery("1"), [a_message("caused")])
        unit.publish([a_message("of its own")])
        unit.park(parked(offset=1))
        unit.hold(parked(key="held").lane)

    async def nothing_was_done(self, store: Store) -> None:
        assert [1, None] == [await self.version(store, name) for name in ("a", "b")]
        assert [] == await self.waiting(store)
        lanes = [parked().lane, parked(key="held").lane]
        async with store.open_unit() as unit:
            assert set() == set(await unit.handled([a_delivery("1")]))
            assert set() == set(await unit.occupied(lanes))

    async def test_a_committed_state_cannot_be_changed_from_outside(self, store: Store) -> None:
        await self.given(store, "a")
        async with store.open_unit() as unit:
            await unit.load(store.needs("a"))
            store.change(unit, "a")
            await unit.commit()
            store.change(unit, "a")
        assert 2 == await self.version(store, "a")

    async def test_two_units_have_nothing_in_common(self, store: Store) -> None:
        await self.given(store, "a", "b")
        async with store.open_unit() as one:
            await one.load(store.needs("a"))
            store.change(one, "a")
            async with store.open_unit() as other:
                await other.load(store.needs("b"))
                store.change(other, "b")
                await other.commit()
            await one.commit()
        assert [2, 2] == [await self.version(store, name) for name in ("a", "b")]

    async def test_many_are_loaded_and_saved_at_once(self, store: Store) -> None:
        names = [f"many-{number}" for number in range(300)]
        await self.given(store, *names)
        async with store.open_unit() as unit:
            await unit.load([need for name in names for need in store.needs(name)])
            for name in names[::2]:
                store.change(unit, name)
            await unit.commit()
        async with store.open_unit() as unit:
            await unit.load([need for name in names for need in store.needs(name)])
            assert [2, 1] * 150 == [store.version(unit, name) for name in names]


class PublishingContract(StoreHarness):
    async def test_what_was_changed_tells_its_events_in_order_and_once(self, store: Store) -> None:
        await self.given(store, "idle")
        async with store.open_unit() as unit:
            needs = [*store.needs("a"), *store.needs("b"), *store.needs("idle")]
            await unit.load(needs)
            assert [] == list(unit.collect())
            store.add(unit, "a")
            store.change(unit, "a")
            assert 2 == len(unit.collect())
            assert [] == list(unit.collect())
            store.add(unit, "b")
            store.change(unit, "a")
            assert 2 == len(unit.collect())

    async def test_messages_wait_in_the_order_they_were_said(self, store: Store) -> None:
        first = [a_message(f"1-{number}") for number in range(20)]
        second = [a_message(f"2-{number}", key=f"key-{number}") for number in range(20)]
        await self.commit(store, lambda unit: unit.publish(first))

        def record(unit: UnitOfWork) -> None:
            unit.record(a_delivery("1"), second[:10])
            unit.record(a_delivery("2"), second[10:])
            unit.publish(first)

        await self.commit(store, record)
        assert [*first, *second, *first] == await self.waiting(store)

    async def test_a_message_waits_as_it_was_said(self, store: Store) -> None:
        messages = [
            Message("topic", None, None),
            Message("topic", b"", b"", ODD),
            Message("topic", b"\x00\xff", b"\xff\x00" * 5000, ODD, 0),
            Message("topic", "clé".encode(), b"null", (), 5),
        ]
        await self.commit(store, lambda unit: unit.publish(messages))
        assert messages == await self.waiting(store)

    async def test_messages_of_an_aggregate_wait_in_the_order_of_its_versions(
        self, store: Store
    ) -> None:
        await self.given(store, "a")

        async def change() -> None:
            async with store.open_unit() as unit:
                await unit.load(store.needs("a"))
                await asyncio.sleep(0)
                store.change(unit, "a")
                unit.publish([a_message(str(store.version(unit, "a")))])
                await asyncio.sleep(0)
                await unit.commit()

        await self.race(*[change] * 10)
        told = [(message.value or b"").decode() for message in await self.waiting(store)]
        assert [str(version) for version in range(2, 12)] == told


class InboxContract(StoreHarness):
    async def test_what_was_recorded_is_known(self, store: Store) -> None:
        await self.commit(store, lambda unit: unit.record(a_delivery("1"), []))
        async with store.open_unit() as unit:
            asked = [a_delivery(handled_id) for handled_id in ("1", "2", "", "1#1", "unsigned/1")]
            assert {"1"} == set(await unit.handled(asked))
            assert set() == set(await unit.handled([]))

    async def test_an_identity_may_be_any_text(self, store: Store) -> None:
        odd = ["é", "'; --", "a\nb", "i" * 1040, "unsigned/x", "topic-3-7", "1#2"]
        deliveries = [a_delivery(handled_id, offset=n) for n, handled_id in enumerate(odd)]

        def record(unit: UnitOfWork) -> None:
            for delivery in deliveries:
                unit.record(delivery, [])

        await self.commit(store, record)
        async with store.open_unit() as unit:
            assert set(odd) == set(await unit.handled(deliveries))

    async def test_many_are_looked_up_and_recorded_at_once(self, store: Store) -> None:
        deliveries = [a_delivery(str(number), offset=number) for number in range(2000)]

        def record(unit: UnitOfWork) -> None:
            for delivery in deliveries[::2]:
                unit.record(delivery, [])

        await self.commit(store, record)
        async with store.open_unit() as unit:
            known = await unit.handled(deliveries)
            assert {delivery.handled_id for delivery in deliveries[::2]} == set(known)

    async def test_a_message_that_was_set_aside_is_recorded_again_when_it_is_done(
        self, store: Store
    ) -> None:
        await self.commit(store, lambda unit: unit.record(a_delivery("1"), []))
        await self.commit(store, lambda unit: unit.record(a_delivery("1"), [a_message()]))
        assert [a_message()] == await self.waiting(store)
        async with store.open_unit() as unit:
            assert {"1"} == set(await unit.handled([a_delivery("1")]))


class UnitOfWorkContract(CommittingContract, IsolationContract, PublishingContract, InboxContract):
    """Everything that a unit of work promises."""
