"""A run touches nothing real: whatever would, fails at once and says what it wanted."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NoReturn
from unittest.mock import patch

from tests.simulation.loop import Unreal

from adapters.security.system import SystemClock, SystemEntropy

_REAL: Final[tuple[tuple[Any, str], ...]] = (
    (socket, "socket"),
    (threading.Thread, "start"),
    (time, "sleep"),
    (time, "time"),
    (SystemClock, "now"),
    (SystemEntropy, "bits"),
)


@contextmanager
def nothing_real() -> Iterator[None]:
    """Let sockets, threads, the wall clock and the machine's chance raise Unreal in the block."""
    with ExitStack() as stack:
        for owner, name in _REAL:
            stack.enter_context(patch.object(owner, name, _refusing(f"{owner.__name__}.{name}")))
        yield


def _refusing(name: str) -> Any:  # noqa: ANN401 - in the place of whatever
    def refuse(*_args: object, **_options: object) -> NoReturn:
        msg = f"something asked for {name}"
        raise Unreal(msg)

    return refuse
