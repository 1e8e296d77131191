"""Ending in good order within a time, whatever does not answer meanwhile."""

import time
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog

from apps.runtime.ending import bounded

_log = structlog.stdlib.get_logger("tradex.shutdown")


class Draining:
    """The time that an app has to end, which its steps share; it runs from the first of them."""

    def __init__(
        self, within: timedelta, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = within.total_seconds()
        self._monotonic = monotonic
        self._ends_at: float | None = None

    async def step(self, name: str, work: Coroutine[Any, Any, object], *, share: float) -> None:
        """Do a part of it in a share of the time, 0 to 1, or in what is left.

        Where it takes longer or fails, that is logged, and the next step comes all the same.
        """
        now = self._monotonic()
        if self._ends_at is None:
            self._ends_at = now + self._seconds
        try:
            await bounded(work, min(share * self._seconds, self._ends_at - now))
        except TimeoutError:
            _log.warning("left behind", what=name)
        except Exception as error:  # noqa: BLE001 - the rest has to end too
            _log.warning("ended badly", what=name, error=f"{type(error).__name__}: {error}")
