"""What a seed decides before anything runs: how many of each, which faults, and how often."""

import random
from enum import StrEnum
from typing import Final

import msgspec


class Fault(StrEnum):
    """What can go wrong."""

    CRASH = "crash"
    """A process dies at once, before or after anything that it does to the world."""
    OUTAGE = "outage"
    """A database or the broker is away for a while."""
    LOST_ANSWER = "lost answer"
    """What was asked for was done, and the answer to it got lost."""
    CONFLICT = "conflict"
    """Another unit of work is said to have come first."""
    UNFORESEEN = "unforeseen"
    """A driver raises what nobody translates."""
    POISON = "poison"
    """One message cannot be stored for a while, so that it is parked, and may be given up."""
    UNKNOWN = "unknown"
    """Whether a message was published cannot be said: it was, it was not, or it will be."""
    DUPLICATE = "duplicate"
    """A message that was published once lies in the log again, at once or much later."""
    DELAY = "delay"
    """An answer takes long."""
    PAUSE = "pause"
    """A process stands still for so long that others take it for dead."""
    REBALANCE = "rebalance"
    """A member of a group is thrown out, or another joins for a while."""
    JUMP = "jump"
    """A machine's clock steps forward, or now and then back."""
    RESTART = "restart"
    """A process is stopped as an orchestrator stops it, and started again."""
    SHORT = "short"
    """A fetch returns less than there is."""


RATES: Final = {
    Fault.CRASH: 0.003,
    Fault.OUTAGE: 0.0012,
    Fault.LOST_ANSWER: 0.008,
    Fault.CONFLICT: 0.02,
    Fault.UNFORESEEN: 0.004,
    Fault.POISON: 0.006,
    Fault.UNKNOWN: 0.03,
    Fault.DUPLICATE: 0.03,
    Fault.DELAY: 0.02,
    Fault.PAUSE: 0.003,
    Fault.REBALANCE: 0.004,
    Fault.JUMP: 0.002,
    Fault.RESTART: 0.002,
    Fault.SHORT: 0.3,
}
"""How often each happens where it can, in a seed of middling bad luck.

Those that come by the hour may happen to each process ten times a second.
"""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A run: everything in it follows from this.

    `faults` gives each kind's rate. After `most_faults` of them nothing goes wrong any more, those
    whose numbers are `spared` do not happen, and clients named in `without` stay at home: that is
    how a failing run is made shorter. `decisions` is how often operators decide while things go
    wrong; `is_crowded` leaves gateways room for two requests.
    """

    seed: int
    replicas: dict[str, int]
    faults: dict[Fault, float]
    sellers: int
    buyers: int
    products: int
    steps: int
    attacks: int
    decisions: int = 0
    is_crowded: bool = False
    refuses_unsigned: bool = False
    dark: str | None = None
    ages: bool = False
    most_faults: int | None = None
    spared: frozenset[int] = frozenset()
    without: frozenset[str] = frozenset()

    def stream(self, name: str) -> random.Random:
        """Return a source of chance of its own, so that what draws from one moves no other."""
        return random.Random(f"{self.seed}/{name}")


def plan_of(seed: int) -> Plan:
    """Draw a run.

    Each seed has some kinds of faults and not others, and more or less of each: what only shows
    when something else does not happen is found too ("swarm testing", Groce et al., 2012).
    """
    chance = random.Random(f"{seed}/plan")
    faults = {
        kind: rate * chance.choice((0.3, 1.0, 3.0))
        for kind, rate in RATES.items()
        if chance.random() < 0.6
    }
    if chance.random() < 0.05:
        faults = {}
    return Plan(
        seed=seed,
        replicas={
            "auth": chance.choice((1, 1, 2)),
            "catalog": chance.choice((1, 2, 3)),
            "orders": chance.choice((1, 2, 3)),
            "projector": chance.choice((1, 1, 2)),
            "gateway": chance.choice((1, 2, 2, 3)),
        },
        faults=faults,
        sellers=chance.choice((1, 1, 2)),
        buyers=chance.choice((1, 2, 3)),
        products=chance.choice((1, 2, 3)),
        steps=chance.choice((2, 4, 6)),
        attacks=chance.choice((0, 0, 4, 8)),
        decisions=chance.choice((0, 3)),
        is_crowded=chance.random() < 0.15,
        refuses_unsigned=chance.random() < 0.2,
        dark=chance.choice((None, None, None, "catalog", "catalog", "projector", "orders")),
        ages=chance.random() < 0.1,
    )
