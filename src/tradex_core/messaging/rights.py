"""Who may do what at a broker that lets nobody do what it was not told."""

from enum import StrEnum

from tradex_core.events.fields import Wire


class Operation(StrEnum):
    """What may be done; who may read or write may also see that it is there."""

    READ = "read"
    WRITE = "write"
    DESCRIBE = "describe"
    CREATE = "create"
    DESCRIBE_CONFIGS = "describe_configs"


class Resource(StrEnum):
    """What it may be done with."""

    TOPIC = "topic"
    GROUP = "group"


class Right(Wire, frozen=True):
    """One thing that a principal, as the broker names it, may do with one topic or group."""

    principal: str
    operation: Operation
    resource: Resource
    name: str
