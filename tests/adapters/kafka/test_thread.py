import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from threading import Event

from adapters.kafka.thread import ClientThread

LONG = timedelta(seconds=30)


class Worker(ClientThread):
    """Does what it is asked, and nothing else."""

    def _begin(self) -> None:
        pass

    def _turn(self) -> None:
        self._do_jobs(1.0)

    def _failed(self, error: Exception) -> None:
        pass

    def _close(self) -> None:
        pass


@asynccontextmanager
async def a_worker() -> AsyncIterator[Worker]:
    worker = Worker("a worker")
    worker.start()
    yield worker
    await worker.stopped(within=LONG)


async def test_what_nobody_waits_for_any_more_is_not_begun() -> None:
    done: list[str] = []
    held = Event()
    async with a_worker() as worker:
        holding = asyncio.create_task(worker.ask(held.wait, within=LONG))
        given_up = asyncio.create_task(worker.ask(lambda: done.append("given up"), within=LONG))
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.wait({given_up})
        held.set()
        await worker.ask(lambda: done.append("waited for"), within=LONG)
        assert await holding
    assert ["waited for"] == done
