"""Waiting for the servers that an app needs before it begins, and saying which are missing."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import timedelta
from random import SystemRandom
from typing import Any, NamedTuple

import structlog

from apps.runtime.ending import bounded, end
from apps.runtime.servers import Inspection
from tradex_core.errors import Passing, Unpublishable
from tradex_core.messaging.broker import Broker

_TRY_AGAIN_SECONDS = 0.5
_SAY_AGAIN_SECONDS = 5.0

_chance = SystemRandom()
_log = structlog.stdlib.get_logger("tradex.startup")


class Server(NamedTuple):
    """A server that is waited for: how it is asked, and the setting that says where it is.

    `ask` returns once it answers, and raises Outage until then.
    """

    ask: Callable[[], Awaitable[None]]
    setting: str


class NotStarted(Exception):
    """An app cannot begin: what is missing, why, and the remedy."""


async def wait_for(
    servers: Mapping[str, Server], inspections: Sequence[Inspection], *, within: timedelta
) -> None:
    """Return once every server answers and nothing is left for an operator to do first.

    Which are missing is logged every few seconds. Raises NotStarted with each that is away when
    the time is over, or at once with everything that the inspections found.
    """
    missing = dict.fromkeys(servers, "no answer yet")
    try:
        asking = _inspected(servers, inspections, missing)
        found = await bounded(_saying(missing, asking), within.total_seconds())
    except TimeoutError:
        lines = (f"{name}: {why} ({servers[name].setting})" for name, why in missing.items())
        msg = _listed(f"not there within {within.total_seconds():g} s", lines)
        raise NotStarted(msg) from None
    if found:
        msg = _listed("something has to be done first", found)
        raise NotStarted(msg)


async def missing_topics(broker: Broker, topics: Iterable[str]) -> Sequence[str]:
    """Return a sentence with its remedy for each topic that does not exist; raises Outage."""

    async def missing(topic: str) -> str | None:
        try:
            await broker.offsets(topic)
        except Unpublishable as error:
            return str(error)
        return None

    found = await asyncio.gather(*(missing(topic) for topic in topics))
    return [each for each in found if each is not None]


async def _inspected(
    servers: Mapping[str, Server], inspections: Sequence[Inspection], missing: dict[str, str]
) -> Sequence[str]:
    while True:
        await asyncio.gather(*(_answered(name, s, missing) for name, s in servers.items()))
        try:
            return [each for inspect in inspections for each in await inspect()]
        except Passing as error:
            missing |= dict.fromkeys(servers, str(error))
            await asyncio.sleep(_pause())


async def _answered(name: str, server: Server, missing: dict[str, str]) -> None:
    while True:
        try:
            await server.ask()
        except Passing as error:
            missing[name] = str(error)
            await asyncio.sleep(_pause())
        else:
            missing.pop(name, None)
            return


async def _saying(
    missing: Mapping[str, str], waiting: Coroutine[Any, Any, Sequence[str]]
) -> Sequence[str]:
    """Wait, and log what is missing meanwhile."""
    task = asyncio.create_task(waiting)
    try:
        while True:
            done, _ = await asyncio.wait({task}, timeout=_SAY_AGAIN_SECONDS)
            if done:
                return task.result()
            _log.warning("waiting for servers", **missing)
    finally:
        await end([task])


def _pause() -> float:
    """Return for how long to wait: apps that began together do not ask together."""
    return _TRY_AGAIN_SECONDS * _chance.uniform(0.5, 1.5)


def _listed(what: str, lines: Iterable[str]) -> str:
    return what + ":" + "".join(f"\n  {line}" for line in lines)
