"""The contract of every outbox: subclass `OutboxContract` and give it a store."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import pytest
from tests.contracts.store_harness import NOW, Store, StoreHarness, a_message

from tradex_core.messaging.broker import Message
from tradex_core.messaging.outbox import BUCKETS, Lease, bucket_of

LATER = NOW + timedelta(seconds=30)
KEYS = [f"key-{number}" for number in range(10_000)]


def neighbours(count: int) -> list[str]:
    """Return so many keys that share the bucket of `key`."""
    bucket = bucket_of(a_message())
    sharing = (key for key in KEYS if bucket_of(a_message(key=key)) == bucket)
    return [next(sharing) for _ in range(count)]


class OutboxContract(StoreHarness):
    """Everything that an outbox promises."""

    async def put(self, store: Store, *messages: Message) -> None:
        await self.commit(store, lambda unit: unit.publish(messages))

    async def take(self, store: Store, *, limit: int = 100) -> list[str]:
        """Take what is ready, delete it, and return the values."""
        async with store.outbox.lease(now=NOW, limit=limit) as lease:
            await lease.delete([row.id for row in lease.rows])
            return self.values(lease)

    def values(self, lease: Lease) -> list[str]:
        return [(row.message.value or b"").decode() for row in lease.rows]

    async def test_an_empty_outbox_has_nothing_to_publish(self, store: Store) -> None:
        async with store.outbox.lease(now=NOW, limit=10) as lease:
            assert [] == list(lease.rows)
            await lease.delete([])

    async def test_what_waits_in_any_bucket_is_shown(self, store: Store) -> None:
        messages = [a_message(key=f"key-{number}") for number in range(200)]
        messages.append(a_message(key=None))
        assert BUCKETS == len({bucket_of(message) for message in messages})
        await self.put(store, *messages)
        async with store.outbox.lease(now=NOW, limit=1000) as lease:
            found = [row.message for row in lease.rows]
        assert sorted(messages, key=repr) == sorted(found, key=repr)

    async def test_shown_a_few_at_a_time_everything_comes_in_order(self, store: Store) -> None:
        elsewhere = next(k for k in KEYS if bucket_of(a_message(key=k)) != bucket_of(a_message()))
        await self.put(store, *[a_message(str(number)) for number in range(5)])
        await self.put(store, a_message("elsewhere", key=elsewhere))
        taken: list[str] = []
        while shown := await self.take(store, limit=2):
            assert len(shown) <= 2
            taken += shown
        assert ["0", "1", "2", "3", "4"] == [value for value in taken if value != "elsewhere"]
        assert "elsewhere" in taken

    async def test_the_oldest_come_first_and_no_more_than_asked_for(self, store: Store) -> None:
        await self.put(store, *[a_message(str(number)) for number in range(5)])
        await self.put(store, *[a_message(str(number)) for number in range(5, 9)])
        assert ["0", "1", "2"] == await self.take(store, limit=3)
        assert [str(number) for number in range(3, 9)] == await self.take(store)

    async def test_a_message_waits_until_it_is_deleted(self, store: Store) -> None:
        await self.put(store, *[a_message(str(number)) for number in range(5)])
        async with store.outbox.lease(now=NOW, limit=10) as lease:
            await lease.delete([lease.rows[0].id, lease.rows[2].id])
            await lease.delete([])
        assert ["1", "3", "4"] == await self.take(store)
        assert [] == await self.take(store)

    async def test_it_tells_how_much_waits_and_since_when(self, store: Store) -> None:
        assert (0, None) == (await store.outbox.count(), await store.outbox.oldest())
        await self.put(store, a_message("first"))
        since = await store.outbox.oldest()
        await self.put(store, a_message("second", key=neighbours(1)[0]))
        assert (2, since) == (await store.outbox.count(), await store.outbox.oldest())
        assert since is not None
        await self.take(store, limit=1)
        later = await store.outbox.oldest()
        assert later is not None
        assert later >= since
        await self.take(store)
        assert await store.outbox.oldest() is None

    async def test_a_bucket_has_one_relay_at_a_time(self, store: Store) -> None:
        key, neighbour = neighbours(2)
        elsewhere = next(k for k in KEYS if bucket_of(a_message(key=k)) != bucket_of(a_message()))
        await self.put(store, a_message("mine", key=key))
        async with store.outbox.lease(now=NOW, limit=10) as lease:
            assert ["mine"] == self.values(lease)
            await self.put(
                store, a_message("later", key=neighbour), a_message("theirs", key=elsewhere)
            )
            assert "later" not in (taken := await self.take(store))
            await lease.delete([row.id for row in lease.rows])
        assert ["later", "theirs"] == sorted(taken + await self.take(store))

    async def test_a_relay_that_fails_gives_its_bucket_back(self, store: Store) -> None:
        await self.put(store, a_message())

        async def fail() -> None:
            async with store.outbox.lease(now=NOW, limit=10):
                msg = "the relay fails"
                raise RuntimeError(msg)

        with pytest.raises(RuntimeError, match="the relay fails"):
            await fail()
        assert ["value"] == await self.take(store)

    async def test_a_relay_that_is_cancelled_gives_its_bucket_back(self, store: Store) -> None:
        await self.put(store, a_message())
        taken = asyncio.Event()

        async def hang() -> None:
            async with store.outbox.lease(now=NOW, limit=10):
                taken.set()
                await asyncio.Event().wait()

        hanging = asyncio.create_task(hang())
        async with asyncio.timeout(self.patience):
            await taken.wait()
            hanging.cancel()
            await asyncio.wait([hanging])
        assert ["value"] == await self.take(store)

    async def test_what_is_committed_while_a_bucket_is_leased_waits_for_the_next(
        self, store: Store
    ) -> None:
        await self.put(store, a_message("1"))
        async with store.outbox.lease(now=NOW, limit=10) as lease:
            await self.put(store, a_message("2"))
            assert ["1"] == self.values(lease)
            await lease.delete([row.id for row in lease.rows])
        assert ["2"] == await self.take(store)

    async def test_what_is_put_off_lets_its_key_wait_and_no_other(self, store: Store) -> None:
        key, another = neighbours(2)
        messages = [a_message(f"{number}", key=key) for number in range(3)]
        await self.put(store, *messages, a_message("x", key=another))
        await self.put_off(store, messages[:1])
        await self.put(store, a_message("3", key=key), a_message("y", key=another))
        assert ["x", "y"] == await self.take(store)
        assert [] == await self.waiting(store, now=LATER - timedelta(seconds=1))
        assert ["0", "1", "2", "3"] == [
            (message.value or b"").decode() for message in await self.waiting(store, now=LATER)
        ]

    async def test_how_often_a_message_was_put_off_is_counted(self, store: Store) -> None:
        await self.put(store, a_message("1"), a_message("2"))
        now = NOW
        for attempts in range(3):
            async with store.outbox.lease(now=now, limit=10) as lease:
                assert [attempts, 0] == [row.attempts for row in lease.rows]
                await lease.put_off(lease.rows[0].id, until=now + timedelta(seconds=30))
            now += timedelta(seconds=30)

    async def put_off(self, store: Store, messages: Iterable[Message]) -> None:
        async with store.outbox.lease(now=NOW, limit=100) as lease:
            for row in lease.rows:
                if row.message in messages:
                    await lease.put_off(row.id, until=LATER)

    async def test_who_waits_is_woken_by_a_commit(self, store: Store) -> None:
        waiting = asyncio.create_task(store.outbox.wait(self.patience * 10))
        await asyncio.sleep(0)
        await self.put(store, a_message())
        async with asyncio.timeout(self.patience):
            await waiting

    async def test_who_waits_in_vain_gives_up_in_time(self, store: Store) -> None:
        async with asyncio.timeout(self.patience):
            await store.outbox.wait(0.001)

    async def test_what_was_committed_before_the_wait_is_not_waited_for(self, store: Store) -> None:
        await self.put(store, a_message())
        async with asyncio.timeout(self.patience):
            await store.outbox.wait(self.patience * 10)
