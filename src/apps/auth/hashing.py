"""The threads on which passwords are hashed: slow on purpose, they give way to everything else."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_NICENESS: Final = 19
"""The lowest priority there is. Each hash runs on as many threads as it has lanes, four by default,
which inherit it: a handful of them at a higher one gets more of the cores than all that answers."""


def hashing_threads(count: int) -> ThreadPoolExecutor:
    """Return so many threads; where the machine is busy they get what the others leave.

    Where there are several processors, one of them never hashes.
    """
    return ThreadPoolExecutor(count, thread_name_prefix="hashing", initializer=_give_way)


def _give_way() -> None:
    """Lower this thread's priority; elsewhere than on Linux that would be the whole process's."""
    if sys.platform == "linux":
        os.nice(_NICENESS)
        _leave_a_processor()


def _leave_a_processor() -> None:
    """Keep this thread off one processor: a thread of any priority has one for milliseconds."""
    _, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(0, others)
