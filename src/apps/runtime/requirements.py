"""Which settings each way of running needs, and which contradict each other; with the remedies."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Final

from apps.runtime.setting_values import MEMORY
from apps.runtime.settings import Check, Settings, remedy, variable

Problem = tuple[str, str]
"""A setting's name, and what is wrong with it."""

PORTS: Final[Mapping[str, int]] = {
    "gateway": 3000,
    "auth": 3001,
    "catalog": 3002,
    "orders": 3003,
    "projector": 3004,
}
"""The apps that run alone, and the port of each where none is set."""

DATABASES: Final[Mapping[str, str]] = {
    "gateway": "gateway_database_url",
    "auth": "auth_database_url",
    "catalog": "catalog_database_url",
    "orders": "orders_database_url",
    "projector": "gateway_database_url",
}
"""The setting that names each app's database."""

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "gateway": ("actor_signing_key", "gateway_key", "jwt_signing_key", "sealing_public_key"),
    "auth": ("actor_signing_key", "sealing_keys"),
    "catalog": ("actor_signing_key",),
    "orders": ("actor_signing_key",),
    "projector": ("actor_signing_key",),
}
"""The keys that each app needs and would not share with the others, were they made at start."""


def for_app(app: str) -> Check:
    """Return a check of the settings that `tradex run` needs for an app."""

    def check(settings: Settings) -> Iterator[Problem]:
        if settings.broker == "memory":
            alone = f"`tradex run {app}` is one process of several, which share no memory"
            together = "or run everything in one with `tradex up`"
            yield "broker", f"{alone}; set {variable('broker')}=kafka, {together}"
        yield from for_kafka(settings)
        database = DATABASES[app]
        if getattr(settings, database) == MEMORY:
            yield database, f"it is missing; {remedy(database)}"
        yield from _missing_keys(settings, _KEYS[app])

    return check


def for_platform(settings: Settings) -> Iterator[Problem]:
    """Check the settings of `tradex up`: all in memory, or all on servers."""
    yield from _on_servers(settings) if settings.broker == "kafka" else _in_memory(settings)


def _on_servers(settings: Settings) -> Iterator[Problem]:
    yield from for_kafka(settings)
    for name in dict.fromkeys(DATABASES.values()):
        if getattr(settings, name) == MEMORY:
            yield name, "it is missing; what Kafka keeps would outlive a database in memory"
    yield from _missing_keys(settings, dict.fromkeys(chain.from_iterable(_KEYS.values())))


def _in_memory(settings: Settings) -> Iterator[Problem]:
    yield from _connection(settings)
    for name in dict.fromkeys(DATABASES.values()):
        if getattr(settings, name) != MEMORY:
            yield name, f"it would outlive the broker in memory; set {variable('broker')}=kafka"
    pair = {"sealing_keys", "sealing_public_key"}
    absent = {name for name in pair if not getattr(settings, name)}
    if len(absent) == 1:
        [missing], [present] = absent, pair - absent
        yield missing, f"it is missing; {variable(present)} needs it, so set both or neither"


def for_kafka(settings: Settings) -> Iterator[Problem]:
    """Check what is said about Kafka: where it is, who asks, and what protects the connection."""
    if settings.kafka_bootstrap_servers is None:
        yield "kafka_bootstrap_servers", f"it is missing; {remedy('kafka_bootstrap_servers')}"
    yield from _connection(settings)


def _connection(settings: Settings) -> Iterator[Problem]:
    protocol = settings.kafka_security_protocol
    with_sasl = protocol.startswith("SASL_")
    for name in ("kafka_sasl_mechanism", "kafka_sasl_username", "kafka_sasl_password"):
        is_set = getattr(settings, name) is not None
        if with_sasl and not is_set:
            yield name, f"it is missing; {variable('kafka_security_protocol')}={protocol} needs it"
        if is_set and not with_sasl:
            yield name, _of_no_use(protocol, "SASL_SSL")
    if settings.kafka_ssl_ca_location is not None and not protocol.endswith("SSL"):
        yield "kafka_ssl_ca_location", _of_no_use(protocol, "SSL or SASL_SSL")


def _missing_keys(settings: Settings, names: Iterable[str]) -> Iterator[Problem]:
    for name in names:
        if not getattr(settings, name):
            yield name, "it is missing; `compose/make_secrets.py` makes every key that apps share"


def _of_no_use(protocol: str, remedy: str) -> str:
    name = variable("kafka_security_protocol")
    return f"{name}={protocol} does not use it; set {name}={remedy}, or leave it out"
