from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from adapters.kafka.settings import KafkaSettings


def settings(**overrides: Any) -> KafkaSettings:  # noqa: ANN401 - each its own type
    return KafkaSettings(**{"bootstrap_servers": "127.0.0.1:1", **overrides})


def with_password(**overrides: Any) -> KafkaSettings:  # noqa: ANN401 - each its own type
    return settings(
        **{
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "tradex",
            "sasl_password": "hunter2",
            **overrides,
        }
    )


def test_a_classic_group_is_cooperative_and_has_a_session_of_its_own() -> None:
    configuration = settings(session_timeout=timedelta(seconds=6)).member("orders")
    assert "cooperative-sticky" == configuration["partition.assignment.strategy"]
    assert (6000, 1000) == (
        configuration["session.timeout.ms"],
        configuration["heartbeat.interval.ms"],
    )


def test_a_group_that_the_broker_assigns_is_told_nothing_that_it_decides() -> None:
    configuration = settings(group_protocol="consumer").member("orders")
    assert "consumer" == configuration["group.protocol"]
    decided = {"session.timeout.ms", "heartbeat.interval.ms", "partition.assignment.strategy"}
    assert set() == decided & set(configuration)


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_member_starts_at_the_beginning_and_commits_nothing_by_itself(protocol: str) -> None:
    configuration = settings(group_protocol=protocol).member("orders")
    assert ("earliest", False) == (
        configuration["auto.offset.reset"],
        configuration["enable.auto.commit"],
    )


def test_a_producer_is_idempotent_and_places_keys_as_java_clients_do() -> None:
    configuration = settings().producer()
    assert (True, "all", "murmur2_random") == (
        configuration["enable.idempotence"],
        configuration["acks"],
        configuration["partitioner"],
    )


def test_the_first_retry_waits_300_ms_and_there_are_10() -> None:
    configuration = settings().producer()
    assert (300, 10) == (configuration["retry.backoff.ms"], configuration["retries"])


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_every_role_logs_in(mechanism: str) -> None:
    them = with_password(sasl_mechanism=mechanism, ssl_ca_location=Path("/etc/ssl/ca.crt"))
    for configuration in (them.producer(), them.member("orders"), them.reader(), them.admin()):
        assert ("SASL_SSL", mechanism, "tradex", "hunter2", "/etc/ssl/ca.crt") == (
            configuration["security.protocol"],
            configuration["sasl.mechanism"],
            configuration["sasl.username"],
            configuration["sasl.password"],
            configuration["ssl.ca.location"],
        )


def test_what_the_protocol_has_no_use_for_is_left_out() -> None:
    configuration = settings(
        sasl_username="tradex", ssl_ca_location=Path("/etc/ssl/ca.crt")
    ).producer()
    assert not [name for name in configuration if name.startswith(("sasl.", "ssl."))]


def test_the_password_is_not_shown() -> None:
    assert "hunter2" not in repr(with_password())


@pytest.mark.parametrize(
    ("missing", "named"),
    [("sasl_mechanism", "mechanism"), ("sasl_username", "name"), ("sasl_password", "password")],
)
def test_credentials_that_are_missing_are_named(missing: str, named: str) -> None:
    with pytest.raises(ValueError, match=f"SASL_SSL needs .*{named}"):
        with_password(**{missing: None})


def test_a_session_shorter_than_three_heartbeats_is_refused() -> None:
    with pytest.raises(ValueError, match="3 heartbeats"):
        settings(session_timeout=timedelta(seconds=2), heartbeat_interval=timedelta(seconds=1))


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_librdkafka_takes_every_configuration(protocol: str) -> None:
    them = settings(group_protocol=protocol)
    Producer(them.producer()).purge()
    AdminClient(them.admin())
    for configuration in (them.member("orders"), them.reader()):
        Consumer(configuration).close()
