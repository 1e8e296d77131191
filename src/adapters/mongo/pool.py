"""How a client's connections are used, as the driver tells of it."""

from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
)


class PoolUse(ConnectionPoolListener):
    """How many connections there may be, how many are in use, and how many tasks wait for one."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.in_use = 0
        self.waiting = 0

    def connection_check_out_started(self, event: ConnectionCheckOutStartedEvent) -> None:
        """Hear of a task that waits."""
        self.waiting += 1

    def connection_check_out_failed(self, event: ConnectionCheckOutFailedEvent) -> None:
        """Hear of one that waited in vain."""
        self.waiting -= 1

    def connection_checked_out(self, event: ConnectionCheckedOutEvent) -> None:
        """Hear of one that has its connection."""
        self.waiting -= 1
        self.in_use += 1

    def connection_checked_in(self, event: ConnectionCheckedInEvent) -> None:
        """Hear of one that gave its connection back."""
        self.in_use -= 1

    def pool_created(self, event: PoolCreatedEvent) -> None:
        """Pass over it."""

    def pool_ready(self, event: PoolReadyEvent) -> None:
        """Pass over it."""

    def pool_cleared(self, event: PoolClearedEvent) -> None:
        """Pass over it."""

    def pool_closed(self, event: PoolClosedEvent) -> None:
        """Pass over it."""

    def connection_created(self, event: ConnectionCreatedEvent) -> None:
        """Pass over it."""

    def connection_ready(self, event: ConnectionReadyEvent) -> None:
        """Pass over it."""

    def connection_closed(self, event: ConnectionClosedEvent) -> None:
        """Pass over it."""
