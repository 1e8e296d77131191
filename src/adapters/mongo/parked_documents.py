"""Parked messages and held lanes as documents."""

from datetime import datetime
from typing import Final
from urllib.parse import quote

from adapters.mongo.connection import Document
from adapters.mongo.messages import record_document, record_of, to_the_millisecond
from tradex_core.messaging.parking import Lane, Parked

PARKED_MESSAGES: Final = "parked_messages"
HELD_LANES: Final = "held_lanes"


def lane_id(lane: Lane) -> str:
    """Name a lane: consumer, topic and key, each quoted as in a URL."""
    return "/".join(quote(part, safe="") for part in (lane.consumer, lane.topic, lane.key))


def parked_id(parked: Parked) -> str:
    """Name what is parked: a record has one place in its lane."""
    return f"{lane_id(parked.lane)}/{parked.record.position}"


def lane_name(lane: Lane) -> str:
    """Name whether a lane is occupied, as what commits read and touch."""
    return f"lane:{lane_id(lane)}"


def parked_name(parked: Parked) -> str:
    """Name a parked message, as what commits read and touch."""
    return f"parked:{parked_id(parked)}"


def parked_document(parked: Parked) -> Document:
    """Write down what is parked, but for its place; times to the millisecond, as BSON has them."""
    lane = parked.lane
    return {
        "_id": parked_id(parked),
        "consumer": lane.consumer,
        "lane": lane_id(lane),
        "laneTopic": lane.topic,
        "laneKey": lane.key,
        "record": record_document(parked.record),
        "attempts": parked.attempts,
        "firstFailedAt": to_the_millisecond(parked.first_failed_at),
        "nextAttemptAt": to_the_millisecond(parked.next_attempt_at),
        "error": parked.error,
    }


def parked_of(document: Document) -> Parked:
    """Read back what is parked."""
    return Parked(
        lane=Lane(
            consumer=document["consumer"], topic=document["laneTopic"], key=document["laneKey"]
        ),
        record=record_of(document["record"]),
        attempts=document["attempts"],
        first_failed_at=document["firstFailedAt"],
        next_attempt_at=document["nextAttemptAt"],
        error=document["error"],
    )


def held_document(lane: Lane) -> Document:
    """Write down that a lane is held."""
    return {"_id": lane_id(lane), "consumer": lane.consumer}


def tombstone(document_id: str, at: datetime) -> Document:
    """Write down that a document was deleted, so that no earlier commit brings it back."""
    return {"_id": document_id, "goneAt": at}
