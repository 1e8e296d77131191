"""Runs an app that kills itself at a named point: `… doomed POINT run APP`.

A point is `before` or `after`, and what is about to happen or has just happened: a commit to the
database, a publication, a commit of offsets. It dies there the first time that there is work in it.
"""

import importlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any, Final

from apps.cli.main import main

COMMIT: Final = "database-commit"
PUBLISH: Final = "publish"
OFFSETS: Final = "offset-commit"
POINTS: Final = tuple(
    f"{when}-{what}" for what in (COMMIT, PUBLISH, OFFSETS) for when in ("before", "after")
)

_METHODS: Final = {
    COMMIT: (
        ("adapters.postgres.unit_of_work", "PostgresUnitOfWork", "commit"),
        ("adapters.mongo.unit_of_work", "MongoUnitOfWork", "commit"),
    ),
    PUBLISH: (("adapters.kafka.broker", "KafkaBroker", "publish"),),
    OFFSETS: (("adapters.kafka.groups", "KafkaSubscription", "commit"),),
}


def doom(point: str) -> None:
    """Let the process die at a point."""
    when, _, what = point.partition("-")
    for module, kind, method in _METHODS[what]:
        try:
            owner = getattr(importlib.import_module(module), kind)
        except ModuleNotFoundError:  # the driver of another app
            continue
        setattr(owner, method, _deadly(getattr(owner, method), dies_before=when == "before"))


def _deadly(
    method: Callable[..., Awaitable[Any]], *, dies_before: bool
) -> Callable[..., Awaitable[Any]]:
    async def deadly(self: Any, *given: Any) -> Any:  # noqa: ANN401 - whatever the method's are
        has_work = bool(given[0]) if given else True
        if has_work and dies_before:
            os.kill(os.getpid(), signal.SIGKILL)
        result = await method(self, *given)
        if has_work:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return deadly


if __name__ == "__main__":
    doom(sys.argv.pop(1))
    main()
