"""The servers that a command operates: which settings it needs, and how it fails without them."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from apps.cli.configuration import load_settings
from apps.cli.event_loop import run
from apps.cli.failures import Failure, is_debugging
from apps.runtime.extras import MissingExtra
from apps.runtime.logging import configure_logging
from apps.runtime.requirements import DATABASES, Problem, for_kafka
from apps.runtime.servers import RunningBroker
from apps.runtime.setting_values import MEMORY
from apps.runtime.settings import Check, Settings, SettingsError, variable
from tradex_core.errors import Outage, TradexError

B = TypeVar("B", bound=RunningBroker)
T = TypeVar("T")

_UNREACHABLE = "nothing outside reaches what `tradex up` keeps in its process's memory"


def needs_kafka(command: str, *, key: bool = False) -> Check:
    """Return a check of the settings that a command needs to operate Kafka.

    With `key` it also signs what it publishes.
    """

    def check(settings: Settings) -> Iterator[Problem]:
        if settings.broker == "memory":
            why = f"`tradex {command}` operates Kafka, and {_UNREACHABLE}"
            yield "broker", f"{why}; set {variable('broker')}=kafka"
        yield from for_kafka(settings)
        if key and not settings.actor_signing_key:
            why = "it is missing; set it to the services' key: they know decisions by its signature"
            yield "actor_signing_key", why

    return check


def needs_database(command: str, app: str) -> Check:
    """Return a check that an app's database, which a command needs, is on a server."""

    def check(settings: Settings) -> Iterator[Problem]:
        name = DATABASES[app]
        if getattr(settings, name) == MEMORY:
            scheme = "mongodb" if app == "catalog" else "postgresql"
            example = f"{variable(name)}={scheme}://tradex:password@localhost/{app}"
            why = f"`tradex {command}` works on a server's database, and {_UNREACHABLE}"
            yield name, f"{why}; set it, for example {example}"

    return check


def settings_for(*checks: Check) -> Settings:
    """Read the settings; raises WrongUse with everything that is wrong with them."""

    def check(settings: Settings) -> Iterator[Problem]:
        for each in checks:
            yield from each(settings)

    return load_settings(check=check)


def operate(work: Callable[[], Coroutine[Any, Any, T]], *on: str) -> T:
    """Run work on servers and return its result; `on` are the settings that say where they are.

    Raises Failure where they are away or it cannot be done, and where a signal ends it.
    """
    configure_logging(log_format="console", level="debug" if is_debugging() else "error")
    try:
        result = run(work())
    except Outage as error:
        settings = " and ".join(variable(name) for name in on)
        msg = f"{error}\nSee that it runs, and that it is where {settings} says."
        raise Failure(msg) from error
    except (MissingExtra, SettingsError, TradexError) as error:
        raise Failure(str(error)) from error
    if result is None:
        msg = "it was interrupted; what was done so far stays done: run it again for the rest"
        raise Failure(msg)
    return result


@asynccontextmanager
async def opened(broker: B) -> AsyncIterator[B]:
    """Hand out a broker that answers, and close it afterwards; raises Outage, which names it."""
    try:
        await broker.ping()
        yield broker
    finally:
        await broker.close()
