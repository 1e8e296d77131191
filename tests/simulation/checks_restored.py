"""Databases that were lost: what a replay of the log makes of them."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import msgspec
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
    """Tell what differs, but for the microseconds between a change and its message."""
    if waiting := len(again.parking) + len(again.outbox):
        yield f"{waiting} messages wait in the restored database"
    for collection, states in live.states.items():
        anew = again.states[collection]
        for key in sorted(states.keys() | anew.keys()):
            was, now = _told(states.get(key)), _told(anew.get(key))
            for name in sorted(was.keys() | now.keys()):
                if was.get(name) != now.get(name):
                    values = f"{was.get(name)}, and restored {now.get(name)}"
                    yield f"{name} of {key} in {collection} is {values}"


def _told(state: msgspec.Struct | None) -> Mapping[str, object]:
    told = {} if state is None else msgspec.structs.asdict(state)
    return {name: value for name, value in told.items() if not isinstance(value, datetime)}
