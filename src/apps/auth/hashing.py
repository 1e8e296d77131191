"""The threads on which passwords are hashed: slow on purpose, they give way to everything else."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

_NICENESS: Final = 5


def hashing_threads(count: int) -> ThreadPoolExecutor:
    """Return so many threads; where the machine is busy they get what the others leave."""
    return ThreadPoolExecutor(count, thread_name_prefix="hashing", initializer=_give_way)


def _give_way() -> None:
    """Lower this thread's priority; elsewhere than on Linux that would be the whole process's."""
    if sys.platform == "linux":
        os.nice(_NICENESS)
