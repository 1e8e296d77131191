import logging

import pytest
from confluent_kafka import KafkaError

from adapters.kafka import faults
from adapters.kafka.faults import Faults, undelivered
from tradex_core.errors import Outage, OutcomeUnknown, TradexError, Unpublishable


def an_error(name: str, text: str | None = None, *, fatal: bool = False) -> KafkaError:
    return KafkaError(getattr(KafkaError, name), text, fatal=fatal)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("MSG_SIZE_TOO_LARGE", Unpublishable),
        ("_UNKNOWN_TOPIC", Unpublishable),
        ("_PURGE_QUEUE", Outage),
        ("_QUEUE_FULL", Outage),
        ("TOPIC_AUTHORIZATION_FAILED", Unpublishable),
        ("_PURGE_INFLIGHT", OutcomeUnknown),
        ("_MSG_TIMED_OUT", OutcomeUnknown),
        ("NOT_ENOUGH_REPLICAS_AFTER_APPEND", OutcomeUnknown),
        ("UNKNOWN", OutcomeUnknown),
    ],
)
def test_a_failed_delivery_is_answered_with_what_is_known(
    name: str, answer: type[TradexError]
) -> None:
    error = undelivered("order.created", an_error(name))
    assert answer is type(error)
    assert "order.created" in str(error)


@pytest.mark.parametrize(
    "names", [faults.NEVER_TAKEN, faults.NOT_TAKEN, faults.NOT_LET_IN, faults.NOT_ALLOWED]
)
def test_every_name_is_one_of_librdkafkas(names: frozenset[str]) -> None:
    assert [] == [name for name in names if not hasattr(KafkaError, name)]


def test_the_reason_is_the_latest_that_says_something() -> None:
    heard = Faults("the producer")
    heard(an_error("_TRANSPORT", "Connection refused"))
    heard(an_error("_ALL_BROKERS_DOWN", "1/1 brokers are down"))
    assert "Connection refused (_TRANSPORT)" == heard.reason
    assert not heard.is_hopeless


def test_what_no_waiting_mends_stays_the_reason() -> None:
    heard = Faults("the producer")
    heard(an_error("_AUTHENTICATION", "Invalid password"))
    heard(an_error("_TRANSPORT", "Disconnected"))
    assert "Invalid password (_AUTHENTICATION)" == heard.reason
    assert heard.is_hopeless


def test_a_fatal_error_is_remembered() -> None:
    heard = Faults("the producer")
    heard(an_error("_FATAL", "Out of sequence", fatal=True))
    assert heard.is_fatal


def test_an_outage_is_one_warning_and_not_one_a_try(caplog: pytest.LogCaptureFixture) -> None:
    heard = Faults("the producer")
    with caplog.at_level(logging.DEBUG, logger="tradex.kafka"):
        for _ in range(3):
            heard(an_error("_TRANSPORT", "Connection refused"))
    levels = [record.levelname for record in caplog.records]
    assert ["WARNING", "DEBUG", "DEBUG"] == levels
    assert "the producer: Connection refused (_TRANSPORT)" == caplog.records[0].getMessage()
