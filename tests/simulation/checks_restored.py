"""Databases that were lost: what a replay of the log makes of them."""

from collections.abc import Iterator

from tests.builders.replays import without_times
from tests.simulation.evidence import Evidence

from adapters.memory.database import MemoryDatabase


def a_replay_comes_to_the_same(evidence: Evidence) -> Iterator[str]:
    """Databases that are replayed hold the same, and the log lacks nothing of it."""
    for app, database, problem, published in evidence.restored:
        if problem is not None:
            yield problem
            continue
        yield from _differences(evidence.world.databases[app], database)
        for message in published:
            yield f"{app} published {dict(message.headers)['ce_id'].decode()} once more"


def _differences(live: MemoryDatabase, again: MemoryDatabase) -> Iterator[str]:
    """Tell what differs, but for times."""
    if waiting := len(again.parking) + len(again.outbox):
        yield f"{waiting} messages wait in the restored database"
    for collection, states in live.states.items():
        anew = again.states[collection]
        for key in sorted(states.keys() | anew.keys()):
            was, now = (without_times(held[key]) if key in held else {} for held in (states, anew))
            for name in sorted(was.keys() | now.keys()):
                if was.get(name) != now.get(name):
                    values = f"{was.get(name)}, and restored {now.get(name)}"
                    yield f"{name} of {key} in {collection} is {values}"
