"""Sending at a steady pace, whatever becomes of what was sent."""

import time
from collections.abc import Iterator
from time import perf_counter


def at_pace(per_second: float, count: int) -> Iterator[int]:
    """Yield the numbers from 0 on, each when its time has come; what is late is made up for."""
    began = perf_counter()
    for number in range(count):
        wait = began + number / per_second - perf_counter()
        if wait > 0:
            time.sleep(wait)
        yield number
