"""Requests that wait for the outcome of their command."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from tradex_core.events.reply import CommandReplied
from tradex_core.ids import OperationId


class Outcomes:
    """Who waits for which operation; told of every reply that this process sees."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Future[CommandReplied]]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @contextmanager
    def expect(self, operation_id: OperationId) -> Iterator[asyncio.Future[CommandReplied]]:
        """Hand out a future of the operation's reply: ask before the command is published."""
        future: asyncio.Future[CommandReplied] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(operation_id, set()).add(future)
        self._count += 1
        try:
            yield future
        finally:
            self._count -= 1
            waiting = self._waiting[operation_id]
            waiting.discard(future)
            if not waiting:
                del self._waiting[operation_id]

    def awaits(self, operation_id: str) -> bool:
        """Return whether somebody waits for its reply."""
        return operation_id in self._waiting

    def tell(self, reply: CommandReplied) -> None:
        """Wake whoever waits for this reply."""
        for future in self._waiting.get(reply.operation_id, ()):
            if not future.done():
                future.set_result(reply)
