"""What a unit of work changes of parked messages and held lanes."""

from datetime import datetime

from adapters.mongo.commit import Draft
from adapters.mongo.connection import Document
from adapters.mongo.parked_documents import (
    HELD_LANES,
    PARKED_MESSAGES,
    held_document,
    lane_id,
    lane_name,
    parked_document,
    parked_id,
    parked_name,
    tombstone,
)
from adapters.mongo.parking import MongoParking
from tradex_core.errors import StoreConflict
from tradex_core.messaging.parking import Parked
from tradex_core.messaging.workspace import Workspace


async def draft_parking(
    draft: Draft, unit: Workspace, parking: MongoParking, *, at: datetime
) -> None:
    """Add to a draft what a unit parks, unparks, holds and releases.

    Raises StoreConflict where what it unparks is not parked like that any more; Outage.
    """
    about = [*unit.parked, *unit.unparked]
    there = await parking.read(parked_id(parked) for parked in about) if about else {}
    draft.reads.update(parked_name(parked) for parked in about)
    if not all(_is_parked_so(parked, there) for parked in unit.unparked):
        msg = "somebody else tried the parked message first"
        raise StoreConflict(msg)
    _park(draft, unit, there)
    for parked in unit.leaving():
        _touch(draft, parked)
        draft.writes_to(PARKED_MESSAGES).changed.append(tombstone(parked_id(parked), at))
    for lane, held in unit.held.items():
        draft.touched.add(lane_name(lane))
        document = held_document(lane) if held else tombstone(lane_id(lane), at)
        draft.writes_to(HELD_LANES).new.append(document)


def _park(draft: Draft, unit: Workspace, there: dict[str, Document]) -> None:
    latest = {parked_id(parked): parked for parked in unit.parked}
    for document_id, parked in latest.items():
        _touch(draft, parked)
        document = parked_document(parked)
        if "place" in there.get(document_id, ()):
            document["place"] = there[document_id]["place"]
            draft.writes_to(PARKED_MESSAGES).changed.append(document)
        else:
            draft.placed.append(document)
            draft.writes_to(PARKED_MESSAGES).new.append(document)


def _touch(draft: Draft, parked: Parked) -> None:
    draft.touched |= {lane_name(parked.lane), parked_name(parked)}


def _is_parked_so(parked: Parked, there: dict[str, Document]) -> bool:
    found = there.get(parked_id(parked), {})
    return all(found.get(name) == value for name, value in parked_document(parked).items())
