"""How Kafka is reached, and what librdkafka is told for it: one configuration for each role."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, Literal

Configuration = dict[str, Any]

_FEWEST_HEARTBEATS: Final = 3
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
# librdkafka's own defaults have a member with a backlog hold 80 MB more, and are no faster here.
_FETCHED_BYTES: Final = 262_144
_PREFETCHED_KIB: Final = 8_192
_PREFETCHED_MESSAGES: Final = 1_000
_QUEUED_KIB: Final = 65_536


@dataclass(frozen=True, kw_only=True)
class KafkaSettings:
    """Where the brokers are, who asks, and how long anything may take.

    Raises ValueError for settings that librdkafka would take and not work with. The password is in
    no repr. The first retry waits `retry_delay`, each later one twice as long, up to ten times it.
    """

    bootstrap_servers: str
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_ca_location: Path | None = None
    client_id: str = "tradex"

    group_protocol: Literal["classic", "consumer"] = "classic"
    """`consumer` is KIP-848 (brokers from 4.0 on): the broker assigns partitions, each topic's as
    evenly as it goes, and sets the session timeout and the heartbeat interval."""
    session_timeout: timedelta = timedelta(seconds=10)
    heartbeat_interval: timedelta = timedelta(seconds=1)
    join_wait: timedelta = timedelta(seconds=5)
    fetch_wait: timedelta = timedelta(milliseconds=250)
    """How long a broker holds back its answer where there is nothing to read; also how long a
    partition that was just gained may wait for its first fetch."""

    linger: timedelta = timedelta(0)
    """How long a message waits for others: each that is awaited alone takes so much longer."""
    delivery_timeout: timedelta = timedelta(seconds=30)
    max_message_bytes: int = 1_000_000
    """Key, value and headers together; a topic's `max.message.bytes` should not be smaller."""
    retry_delay: timedelta = timedelta(milliseconds=300)
    retries: int = 10

    request_timeout: timedelta = timedelta(seconds=10)
    close_timeout: timedelta = timedelta(seconds=5)

    def __post_init__(self) -> None:
        """Refuse what librdkafka does not check."""
        if _FEWEST_HEARTBEATS * self.heartbeat_interval > self.session_timeout:
            msg = (
                f"a session of {self.session_timeout} is not {_FEWEST_HEARTBEATS} heartbeats of "
                f"{self.heartbeat_interval}: one that is late would end it; make it longer"
            )
            raise ValueError(msg)
        if self.security_protocol.startswith("SASL_"):
            self._require_credentials()

    def _require_credentials(self) -> None:
        if self.sasl_mechanism not in _MECHANISMS:
            msg = f"{self.security_protocol} needs a SASL mechanism: {', '.join(_MECHANISMS)}"
            raise ValueError(msg)
        if not self.sasl_username or not self.sasl_password:
            msg = f"{self.security_protocol} needs a user's name and password; set both"
            raise ValueError(msg)

    def admin(self) -> Configuration:
        """Return the configuration of a client that asks, creates and describes."""
        return self._connection()

    def producer(self) -> Configuration:
        """Return the configuration of an idempotent producer that places keys as Java's do."""
        return {
            **self._connection(),
            "acks": "all",
            "allow.auto.create.topics": False,
            "compression.type": "lz4",
            "delivery.timeout.ms": _milliseconds(self.delivery_timeout),
            "enable.idempotence": True,
            "linger.ms": _milliseconds(self.linger),
            "message.max.bytes": self.max_message_bytes,
            "partitioner": "murmur2_random",
            "queue.buffering.max.kbytes": _QUEUED_KIB,
            "retries": self.retries,
            "topic.metadata.propagation.max.ms": 1000,
        }

    def member(self, group: str) -> Configuration:
        """Return the configuration of a member of a consumer group."""
        configuration = {
            **self._consumer(group),
            "group.protocol": self.group_protocol,
        }
        if self.group_protocol == "classic":
            configuration |= {
                "heartbeat.interval.ms": _milliseconds(self.heartbeat_interval),
                "partition.assignment.strategy": "cooperative-sticky",
                "session.timeout.ms": _milliseconds(self.session_timeout),
            }
        else:
            # The other one counts all topics' partitions together: the busy topic may go to one.
            configuration["group.remote.assignor"] = "range"
        return configuration

    def reader(self) -> Configuration:
        """Return the configuration of a consumer that belongs to no group and commits nothing."""
        return self._consumer(f"{self.client_id}-reader")

    def _consumer(self, group: str) -> Configuration:
        return {
            **self._connection(),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "fetch.message.max.bytes": _FETCHED_BYTES,
            # After it is full; its default of a second stalls whoever reads faster than that.
            "fetch.queue.backoff.ms": 10,
            "fetch.wait.max.ms": _milliseconds(self.fetch_wait),
            "group.id": group,
            "queued.max.messages.kbytes": _PREFETCHED_KIB,
            "queued.min.messages": _PREFETCHED_MESSAGES,
        }

    def _connection(self) -> Configuration:
        delay = _milliseconds(self.retry_delay)
        configuration = {
            "bootstrap.servers": self.bootstrap_servers,
            "client.id": self.client_id,
            # What it would write to standard error comes through `error_cb`, into our log.
            "log_level": 0,
            "reconnect.backoff.max.ms": 2000,
            "retry.backoff.max.ms": 10 * delay,
            "retry.backoff.ms": delay,
            "security.protocol": self.security_protocol,
            "socket.keepalive.enable": True,
            # A connection that was cut without a word is given up after it.
            "socket.timeout.ms": _milliseconds(self.request_timeout),
        }
        if self.security_protocol.startswith("SASL_"):
            configuration |= {
                "sasl.mechanism": self.sasl_mechanism,
                "sasl.username": self.sasl_username,
                "sasl.password": self.sasl_password,
            }
        if self.security_protocol.endswith("SSL") and self.ssl_ca_location is not None:
            configuration["ssl.ca.location"] = str(self.ssl_ca_location)
        return configuration


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
