"""The contract of units of work that run side by side: as if one came after the other."""

import asyncio

import pytest
from tests.contracts.store_harness import Store, StoreHarness, a_delivery, a_message


class IsolationContract(StoreHarness):
    async def test_no_update_is_lost(self, store: Store) -> None:
        await self.given(store, "a")

        async def increment() -> None:
            async with store.open_unit() as unit:
                await unit.load(store.needs("a"))
                await asyncio.sleep(0)
                store.change(unit, "a")
                await unit.commit()

        await self.race(*[increment] * 8)
        assert 9 == await self.version(store, "a")

    async def test_what_was_read_still_holds_when_it_is_acted_upon(self, store: Store) -> None:
        await self.given(store, "a", "b")

        async def change_unless(name: str, other: str) -> None:
            async with store.open_unit() as unit:
                await unit.load([*store.needs(name), *store.needs(other)])
                await asyncio.sleep(0)
                if store.version(unit, other) == 1:
                    store.change(unit, name)
                await unit.commit()

        await self.race(lambda: change_unless("a", "b"), lambda: change_unless("b", "a"))
        assert [1, 2] == sorted([await self.version(store, name) or 0 for name in ("a", "b")])

    async def test_what_was_missing_is_still_missing_when_it_is_acted_upon(
        self, store: Store
    ) -> None:
        async def add_unless(name: str, other: str) -> None:
            async with store.open_unit() as unit:
                await unit.load([*store.needs(name), *store.needs(other)])
                await asyncio.sleep(0)
                if store.version(unit, other) is None:
                    store.add(unit, name)
                await unit.commit()

        await self.race(lambda: add_unless("a", "b"), lambda: add_unless("b", "a"))
        assert {None, 1} == {await self.version(store, name) for name in ("a", "b")}

    async def test_an_id_is_given_once(self, store: Store) -> None:
        added = []

        async def add() -> None:
            async with store.open_unit() as unit:
                await unit.load(store.needs("a"))
                await asyncio.sleep(0)
                is_new = store.version(unit, "a") is None
                if is_new:
                    store.add(unit, "a")
                await unit.commit()
                added.append(is_new)

        await self.race(*[add] * 6)
        assert [False] * 5 + [True] == sorted(added)

    @pytest.mark.usefixtures("unique_keys")
    async def test_a_unique_key_is_taken_once(self, store: Store) -> None:
        names = [f"racer-{number}" for number in range(6)]

        async def add(name: str) -> None:
            async with store.open_unit() as unit:
                await unit.load(store.needs(name, unique="wanted"))
                await asyncio.sleep(0)
                if not store.is_taken(unit, "wanted"):
                    store.add(unit, name, unique="wanted")
                await unit.commit()

        await self.race(*[lambda name=name: add(name) for name in names])
        versions = [await self.version(store, name) for name in names]
        assert [1] == [version for version in versions if version is not None]

    @pytest.mark.usefixtures("unique_keys")
    async def test_a_unique_key_is_taken_for_the_rest_of_its_unit_too(self, store: Store) -> None:
        async with store.open_unit() as unit:
            await unit.load([*store.needs("a", unique="wanted"), *store.needs("b")])
            assert not store.is_taken(unit, "wanted")
            store.add(unit, "a", unique="wanted")
            assert store.is_taken(unit, "wanted")
            await unit.commit()

    async def test_units_that_want_the_same_in_another_order_all_end(self, store: Store) -> None:
        await self.given(store, "a", "b", "c")
        orders = [("a", "b", "c"), ("c", "b", "a"), ("b", "c", "a")] * 3

        async def change(names: tuple[str, ...]) -> None:
            async with store.open_unit() as unit:
                await unit.load([need for name in names for need in store.needs(name)])
                await asyncio.sleep(0)
                for name in names:
                    store.change(unit, name)
                await unit.commit()

        await self.race(*[lambda names=names: change(names) for names in orders])
        assert [10, 10, 10] == [await self.version(store, name) for name in ("a", "b", "c")]

    async def test_a_message_that_units_record_side_by_side_has_one_effect(
        self, store: Store
    ) -> None:
        await self.given(store, "a")

        async def handle() -> None:
            async with store.open_unit() as unit:
                if await unit.handled([a_delivery("1")]):
                    return
                await unit.load(store.needs("a"))
                await asyncio.sleep(0)
                store.change(unit, "a")
                unit.record(a_delivery("1"), [a_message()])
                await unit.commit()

        await self.race(*[handle] * 5)
        assert 2 == await self.version(store, "a")
        assert [a_message()] == await self.waiting(store)
