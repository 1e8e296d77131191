"""One stack whose Kafka lets nobody in unasked, and its users as clients that are not ours."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final

import pytest
from tests.apps.cli.shown import invoke
from tests.builders.traces import Collector
from tests.services.deployment import APPS
from tests.services.faults.campaign import SETTINGS
from tests.services.servers.kafka_security import ADMIN, Security
from tests.services.servers.process import free_port
from tests.services.servers.server import temporary_folder
from tests.services.stack import Stack

CLIENT: Final = "storefront"
READER: Final = "reports"
STRANGER: Final = "stranger"
OPERATOR: Final = "operator"
USERS: Final = (*APPS, OPERATOR, CLIENT, READER, STRANGER)
NAMED: Final = ("--client", f"User:{CLIENT}", "--reader", f"User:{READER}")


@pytest.fixture(scope="package")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="package")
def stack(collector: Collector) -> Iterator[Stack]:
    """Every app as a process of its own, and as a user of its own, told to tell everything."""
    told = {
        **SETTINGS,
        "TRADEX_LOG_LEVEL": "debug",
        "TRADEX_METRICS_PORT": str(free_port()),  # of the one gateway; the others need none
        "TRADEX_OTLP_ENDPOINT": collector.url,
        "TRADEX_TRACE_SAMPLING": "1.0",
    }
    with temporary_folder() as folder:
        made = Stack(folder, settings=told, security=Security(folder / "tls", USERS))
        asyncio.run(made.__aenter__())
        yield made
        asyncio.run(made.__aexit__(None, None, None))


@pytest.fixture(scope="package")
def security(stack: Stack) -> Security:
    assert stack.security is not None
    return stack.security


@pytest.fixture(scope="package", autouse=True)
def rights(stack: Stack, security: Security) -> None:
    """Give the client and the reader what they need."""
    status, _, err = invoke("acls", "apply", *NAMED, **settings_of(stack, security, ADMIN))
    assert (0, "") == (status, err)


def settings_of(stack: Stack, security: Security, user: str) -> dict[str, str]:
    """Return the settings of a command of this user's."""
    told = {**stack.deployment.of_operator(), **security.settings(user)}
    return {name.removeprefix("TRADEX_").lower(): value for name, value in told.items()}


def client_of(stack: Stack, security: Security, user: str) -> dict[str, Any]:
    """Return what a client library is told to be this user."""
    return {
        "bootstrap.servers": stack.kafka_address,
        "log_level": 0,
        **security.client(user),
    }
