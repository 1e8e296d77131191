"""What is done to the platform and when: all of it from one seed."""

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum
from random import Random
from typing import Final

import msgspec


class Kind(StrEnum):
    """What may happen to an app, a server, or what runs between them."""

    KILL = "kill -9"
    PAUSE = "SIGSTOP"
    RESTART = "restart"
    CUT = "cut"
    DROP = "drop"

    @property
    def is_of_processes(self) -> bool:
        """Whether it happens to a process, and not to what runs between two."""
        return self in (Kind.KILL, Kind.PAUSE, Kind.RESTART)


class Fault(msgspec.Struct, frozen=True):
    """After so many seconds of quiet, something happens to a target and lasts for some seconds."""

    after: float
    kind: Kind
    target: str
    lasts: float

    def __str__(self) -> str:
        return f"{self.kind} {self.target} for {self.lasts:.1f} s"


_AFTER: Final = (0.5, 4.0)
_LASTS: Final = {
    Kind.KILL: (0.0, 3.0),
    Kind.PAUSE: (5.0, 30.0),
    Kind.RESTART: (0.0, 1.0),
    Kind.CUT: (1.0, 10.0),
    Kind.DROP: (0.0, 0.0),
}


def schedule(
    seed: int, *, processes: Sequence[str], proxies: Sequence[str], seconds: float
) -> Iterator[Fault]:
    """Yield faults, one after the other, that take so many seconds in all.

    None comes again before each has come once: every kind to every target.
    """
    random = Random(seed)
    everything = [
        (kind, target)
        for kind in Kind
        for target in (processes if kind.is_of_processes else proxies)
    ]
    spent = 0.0
    while spent < seconds:
        for kind, target in random.sample(everything, len(everything)):
            fault = Fault(
                after=random.uniform(*_AFTER),
                kind=kind,
                target=target,
                lasts=random.uniform(*_LASTS[kind]),
            )
            spent += fault.after + fault.lasts
            yield fault
            if spent >= seconds:
                return


def together(faults: Iterable[Fault], at_once: int) -> Iterator[Sequence[Fault]]:
    """Yield those that come at once: so many that follow each other, none at another's target."""
    some: list[Fault] = []
    for fault in faults:
        if len(some) == at_once or any(fault.target == other.target for other in some):
            yield some
            some = []
        some.append(fault)
    if some:
        yield some
