"""Who watches which order, live."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Watcher:
    """Somebody who looks again whenever an order may have changed."""

    def __init__(self) -> None:
        self._changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def next_change(self) -> asyncio.Future[None]:
        """Return a future that is done at the next change; ask before looking, to miss none."""
        if self._changed.done():
            self._changed = asyncio.get_running_loop().create_future()
        return self._changed

    def wake(self) -> None:
        """Say that the order changed."""
        if not self._changed.done():
            self._changed.set_result(None)


class OrderWatch:
    """The watchers of each order."""

    def __init__(self) -> None:
        self._watchers: dict[str, set[Watcher]] = {}

    @contextmanager
    def watch(self, order_id: str) -> Iterator[Watcher]:
        """Watch an order."""
        watcher = Watcher()
        watchers = self._watchers.setdefault(order_id, set())
        watchers.add(watcher)
        try:
            yield watcher
        finally:
            watchers.discard(watcher)
            if not watchers:
                self._watchers.pop(order_id, None)

    def wake(self, order_id: str) -> None:
        """Wake whoever watches this order."""
        for watcher in self._watchers.get(order_id, ()):
            watcher.wake()
