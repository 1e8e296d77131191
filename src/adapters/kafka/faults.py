"""What goes wrong with Kafka: librdkafka's errors heard, logged, and turned into the core's."""

import logging
from time import monotonic
from typing import Final

from confluent_kafka import KafkaError, KafkaException

from tradex_core.errors import Outage, OutcomeUnknown, TradexError, Unpublishable

_QUIET_SECONDS: Final = 60.0

_log = logging.getLogger("tradex.kafka")

NEVER_TAKEN: Final = frozenset(
    {
        "INVALID_RECORD",
        "MSG_SIZE_TOO_LARGE",
        "POLICY_VIOLATION",
        "RECORD_LIST_TOO_LARGE",
        "TOPIC_AUTHORIZATION_FAILED",
        "TOPIC_EXCEPTION",
        "UNKNOWN_TOPIC_OR_PART",
        "_UNKNOWN_PARTITION",
        "_UNKNOWN_TOPIC",
    }
)
"""A message that ended so will never be published."""
NOT_TAKEN: Final = frozenset(
    {
        "CLUSTER_AUTHORIZATION_FAILED",
        "NOT_ENOUGH_REPLICAS",
        "_FATAL",
        "_PURGE_QUEUE",
        "_QUEUE_FULL",
    }
)
"""A message that ended so is not in the log, and may be published again."""
NOT_LET_IN: Final = frozenset({"_AUTHENTICATION", "_SSL"})
"""Why there is no connection, where it takes an operator to mend it."""
NOT_ALLOWED: Final = frozenset({"GROUP_AUTHORIZATION_FAILED", "TOPIC_AUTHORIZATION_FAILED"})
"""Why a member gets nothing, where it takes an operator to mend it."""


class Faults:
    """An `error_cb`: librdkafka tells here, and nowhere else, why it has no connection.

    `reason` is the latest one, or the latest that no waiting will mend: then `is_hopeless`. Where
    `is_fatal`, the client will never work again.
    """

    def __init__(self, client: str) -> None:
        self._client = client
        self._quiet_until = 0.0
        self.reason = ""
        self.is_hopeless = False
        self.is_fatal = False

    def __call__(self, error: KafkaError) -> None:
        name = error.name()
        self.is_fatal |= error.fatal() or name == "_FATAL"
        hopeless = name in NOT_LET_IN
        if hopeless or not (self.is_hopeless or name == "_ALL_BROKERS_DOWN"):
            self.reason = f"{error.str()} ({name})"
        self.is_hopeless |= hopeless
        self._log(error)

    def _log(self, error: KafkaError) -> None:
        # Each try to connect that fails is told, several a second: a warning a minute is enough.
        is_quiet = monotonic() < self._quiet_until
        if not is_quiet:
            self._quiet_until = monotonic() + _QUIET_SECONDS
        level = logging.DEBUG if is_quiet and not error.fatal() else logging.WARNING
        _log.log(level, "%s: %s (%s)", self._client, error.str(), error.name())


def cause_of(exception: KafkaException) -> KafkaError:
    """Return librdkafka's error inside an exception."""
    cause = exception.args[0]
    return cause if isinstance(cause, KafkaError) else KafkaError(KafkaError.UNKNOWN, str(cause))


def no_answer(error: KafkaError, *, asked: str) -> Outage:
    """Return what to raise where Kafka was asked for something and did not give it."""
    return Outage(f"Kafka did not {asked}: {error.str()} ({error.name()})")


def closed() -> Outage:
    """Return what to answer, or raise, once the broker was closed on this side."""
    return Outage("the connection to Kafka is closed")


def failed_for_good(client: str, why: object) -> TradexError:
    """Return what to raise where a client will never work again, and no waiting mends it."""
    return TradexError(f"{client} cannot go on: {why}")


def no_topic(name: str) -> Unpublishable:
    """Return what to raise for a topic that is not there."""
    return Unpublishable(f"there is no topic {name!r}; create it with `tradex topics apply`")


def no_partition(topic: str, number: int, partitions: int) -> Unpublishable:
    """Return what to raise for a partition that is not there."""
    return Unpublishable(
        f"topic {topic!r} has no partition {number}, only 0 to {partitions - 1}; "
        "name one of these, or leave it to the key"
    )


def undelivered(topic: str, error: KafkaError) -> TradexError:
    """Return what became of a message for a topic, from its delivery report."""
    reason = f"{error.str()} ({error.name()})"
    if error.name() in {"UNKNOWN_TOPIC_OR_PART", "_UNKNOWN_TOPIC"}:
        return no_topic(topic)
    if error.name() in NEVER_TAKEN:
        return Unpublishable(f"Kafka will not take the message for topic {topic!r}: {reason}")
    if error.name() in NOT_TAKEN:
        return Outage(f"Kafka has not got the message for topic {topic!r}: {reason}")
    return OutcomeUnknown(f"Kafka may have the message for topic {topic!r}, or not: {reason}")
