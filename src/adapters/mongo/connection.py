"""How MongoDB is reached: the primary alone, majority and journal for every write, no wait open."""

from datetime import UTC, timedelta
from typing import Any, Final

from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import ConfigurationError

from adapters.mongo.pool import PoolUse

Document = dict[str, Any]

POOL_SIZE: Final = 20
TIMEOUT: Final = timedelta(seconds=10)
_CONNECTING: Final = timedelta(seconds=5)


def connect(
    url: str, *, pool: PoolUse | None = None, timeout: timedelta = TIMEOUT
) -> AsyncDatabase[Document]:
    """Return the database that a URL names; its client connects at the first question.

    `pool` says how many connections there are, and is told of them. No answer is waited for longer
    than `timeout`, and no connection longer than 5 s of it. Raises ValueError where the URL names
    no database.
    """
    pool = pool or PoolUse(POOL_SIZE)
    connecting = _milliseconds(min(_CONNECTING, timeout))
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        url,
        appname="tradex",
        connectTimeoutMS=connecting,
        event_listeners=[pool],
        journal=True,
        maxPoolSize=pool.size,
        readConcernLevel="majority",
        readPreference="primary",
        serverSelectionTimeoutMS=connecting,
        socketTimeoutMS=_milliseconds(timeout),
        tz_aware=True,
        tzinfo=UTC,
        w="majority",
        wTimeoutMS=_milliseconds(timeout),
        waitQueueTimeoutMS=connecting,
    )
    try:
        return client.get_default_database()
    except ConfigurationError as error:
        msg = "the URL names no database; write mongodb://HOST/DATABASE"
        raise ValueError(msg) from error


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
