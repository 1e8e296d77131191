from collections.abc import Iterable

import pytest

from apps.cli.main import APPS
from apps.runtime.requirements import DATABASES, PORTS, for_app, for_platform
from apps.runtime.settings import Check, Settings

KEY = b"k" * 32
WHOLE: dict[str, object] = {
    "broker": "kafka",
    "kafka_bootstrap_servers": "localhost:9092",
    "auth_database_url": "postgresql://localhost/auth",
    "catalog_database_url": "mongodb://localhost/catalog",
    "orders_database_url": "postgresql://localhost/orders",
    "gateway_database_url": "postgresql://localhost/gateway",
    "actor_signing_key": KEY,
    "gateway_key": KEY,
    "jwt_signing_key": "ring",
    "sealing_keys": "private",
    "sealing_public_key": "public",
}
NEEDED = {
    "gateway": {
        "gateway_database_url",
        "actor_signing_key",
        "gateway_key",
        "jwt_signing_key",
        "sealing_public_key",
    },
    "auth": {"auth_database_url", "actor_signing_key", "sealing_keys"},
    "catalog": {"catalog_database_url", "actor_signing_key"},
    "orders": {"orders_database_url", "actor_signing_key"},
    "projector": {"gateway_database_url", "actor_signing_key"},
}
ALWAYS = {"broker", "kafka_bootstrap_servers"}


def found(check: Check, **settings: object) -> dict[str, str]:
    return dict(check(Settings.embedded(**settings)))


def but(*left_out: str, **changes: object) -> dict[str, object]:
    return {name: v for name, v in WHOLE.items() if name not in left_out} | changes


def only(names: Iterable[str]) -> dict[str, object]:
    return {name: WHOLE[name] for name in names}


def test_every_app_of_the_command_line_has_a_port_and_a_database() -> None:
    assert set(APPS) == set(PORTS) == set(DATABASES) == set(NEEDED)
    assert (3000, 3001, 3002, 3003) == tuple(
        PORTS[app] for app in ("gateway", "auth", "catalog", "orders")
    )


@pytest.mark.parametrize("app", APPS)
def test_with_everything_set_nothing_is_missing(app: str) -> None:
    assert {} == found(for_app(app), **WHOLE)


@pytest.mark.parametrize("app", APPS)
def test_an_app_needs_its_own_settings_and_no_others(app: str) -> None:
    assert {} == found(for_app(app), **only(ALWAYS | NEEDED[app]))


@pytest.mark.parametrize("app", APPS)
def test_without_any_settings_each_that_is_needed_is_told_at_once(app: str) -> None:
    assert ALWAYS | NEEDED[app] == set(found(for_app(app)))


@pytest.mark.parametrize("app", APPS)
def test_an_app_of_several_is_refused_on_a_broker_in_memory_with_the_remedy(app: str) -> None:
    problem = found(for_app(app), **but("broker"))["broker"]

    assert "set TRADEX_BROKER=kafka" in problem
    assert "`tradex up`" in problem


def test_a_database_that_is_missing_is_told_with_an_example() -> None:
    problem = found(for_app("auth"), **but("auth_database_url"))["auth_database_url"]

    assert "for example postgresql://" in problem


@pytest.mark.parametrize("protocol", ["SASL_SSL", "SASL_PLAINTEXT"])
def test_sasl_needs_to_know_who_asks(protocol: str) -> None:
    problems = found(for_app("orders"), **but(kafka_security_protocol=protocol))

    assert {
        "kafka_sasl_mechanism",
        "kafka_sasl_username",
        "kafka_sasl_password",
    } == set(problems)


@pytest.mark.parametrize("protocol", ["PLAINTEXT", "SSL"])
def test_who_asks_is_of_no_use_without_sasl(protocol: str) -> None:
    given = but(kafka_security_protocol=protocol, kafka_sasl_password="hunter2")
    problems = found(for_app("orders"), **given)

    assert {"kafka_sasl_password"} == set(problems)
    assert f"TRADEX_KAFKA_SECURITY_PROTOCOL={protocol} does not use it" in str(problems)
    assert "hunter2" not in str(problems)


@pytest.mark.parametrize(
    ("protocol", "is_used"),
    [("PLAINTEXT", False), ("SASL_PLAINTEXT", False), ("SSL", True), ("SASL_SSL", True)],
)
def test_an_authority_is_of_use_with_tls_alone(protocol: str, *, is_used: bool) -> None:
    problems = found(
        for_app("orders"),
        **but(kafka_security_protocol=protocol, kafka_ssl_ca_location="/etc/ssl/ca.crt"),
    )

    assert is_used == ("kafka_ssl_ca_location" not in problems)


def test_the_platform_needs_nothing_in_memory() -> None:
    assert {} == found(for_platform)


def test_the_platform_runs_on_servers_with_everything_set() -> None:
    assert {} == found(for_platform, **WHOLE)


def test_the_platform_on_kafka_keeps_nothing_in_memory() -> None:
    problems = found(for_platform, broker="kafka")

    assert set(WHOLE) - {"broker"} == set(problems)


def test_the_platform_in_memory_keeps_nothing_on_a_server() -> None:
    url = "orders_database_url"
    problems = found(for_platform, **{url: WHOLE[url]})

    assert {url} == set(problems)
    assert "set TRADEX_BROKER=kafka" in problems[url]


@pytest.mark.parametrize(
    ("given", "missing"),
    [("sealing_keys", "sealing_public_key"), ("sealing_public_key", "sealing_keys")],
)
def test_the_platform_needs_both_halves_of_a_key_pair(given: str, missing: str) -> None:
    problems = found(for_platform, **{given: "half"})

    assert {missing} == set(problems)
    assert f"TRADEX_{given.upper()} needs it" in problems[missing]
