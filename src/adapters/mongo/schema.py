"""The collections and indexes of the catalogue's database: made once, and missed by name."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from beanie import init_beanie
from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase

from adapters.mongo.commit_log import COMMITS
from adapters.mongo.connection import Document, connect
from adapters.mongo.documents import MOVEMENTS_NAME, PRODUCTS_NAME, MovementInMongo, ProductInMongo
from adapters.mongo.faults import translated
from adapters.mongo.follower import LOG_STATE
from adapters.mongo.outbox_documents import PLACE
from adapters.mongo.outbox_lease import RELAY
from adapters.mongo.parked_documents import HELD_LANES, PARKED_MESSAGES

_BUILDING: Final = timedelta(minutes=10)
"""How long building one collection's indexes may take."""
_REMEDY: Final = "run `tradex db upgrade catalog`"

INDEXES: Final[Mapping[str, Sequence[IndexModel]]] = {
    PRODUCTS_NAME: ProductInMongo.Settings.indexes,
    MOVEMENTS_NAME: MovementInMongo.Settings.indexes,
    COMMITS: (
        IndexModel("handled", name="handled_1"),
        IndexModel([("stage", 1), ("at", 1)], name="stage_1_at_1"),
        IndexModel(PLACE, name=f"{PLACE}_1", sparse=True),
    ),
    PARKED_MESSAGES: (
        IndexModel("lane", name="lane_1", sparse=True),
        IndexModel([("consumer", 1), ("lane", 1), ("place", 1)], name="consumer_1_lane_1_place_1"),
        IndexModel("goneAt", name="goneAt_1", sparse=True),
    ),
    HELD_LANES: (
        IndexModel("consumer", name="consumer_1"),
        IndexModel("goneAt", name="goneAt_1", sparse=True),
    ),
}


async def upgrade(url: str) -> None:
    """Create what is missing of collections and indexes; a repeat changes nothing.

    Raises Outage, and ValueError where the URL names no database.
    """
    database = connect(url, timeout=_BUILDING)
    try:
        with translated("create what is missing"):
            await init_beanie(database=database, document_models=[ProductInMongo, MovementInMongo])
            for collection, indexes in INDEXES.items():
                await database[collection].create_indexes(list(indexes))
            free: Document = {"$setOnInsert": {"owner": None, "until": None, "putOff": []}}
            await database[LOG_STATE].update_one({"_id": RELAY}, free, upsert=True)
    finally:
        await database.client.close()


async def schema_problem(url: str) -> str | None:
    """Say what is missing and what to do about it; None where nothing is.

    Raises Outage, and ValueError where the URL names no database.
    """
    database = connect(url)
    try:
        with translated("say what it holds"):
            return await _missing(database)
    finally:
        await database.client.close()


async def _missing(database: AsyncDatabase[Document]) -> str | None:
    for collection, indexes in INDEXES.items():
        there = await database[collection].index_information()
        for index in indexes:
            name = index.document["name"]
            if name not in there:
                return f"the collection {collection!r} lacks its index {name!r}; {_REMEDY}"
    if await database[LOG_STATE].find_one({"_id": RELAY}) is None:
        return f"the collection {LOG_STATE!r} lacks its document {RELAY!r}; {_REMEDY}"
    return None
