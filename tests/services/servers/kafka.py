"""Apache Kafka in KRaft mode from its Maven jars: one node, broker and controller."""

import asyncio
import base64
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from tests.services.servers.kafka_security import ADMIN, Security
from tests.services.servers.process import Process, Unavailable, accepts, free_port, run
from tests.services.servers.server import Server, cached, fetch_once

_POM: Final = Path(__file__).parent / "kafka.pom.xml"
_LOGGING: Final = Path(__file__).parent / "kafka.log4j2.xml"
_JAVA: Final = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_CLUSTER: Final = base64.urlsafe_b64encode(b"tradex-for-tests").decode().rstrip("=")
_REMEDY: Final = "install openjdk-17-jre-headless and maven (Debian), or name a broker in"


class Kafka(Server):
    """One node; `address` is its host and port.

    `advertised` is the port that clients are told to connect to, where something stands before it.
    With `security` it speaks TLS, knows its users, and lets them do what its ACLs allow.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        advertised: int | None = None,
        security: Security | None = None,
    ) -> None:
        self.port = port or free_port()
        self.address = f"127.0.0.1:{advertised or self.port}"
        self.data = folder / "data"
        self._folder = folder
        self._security = security
        self._controller = free_port()
        self._settings = folder / "server.properties"
        self._java = (_installed("java"), *_JAVA, "-cp", f"{cached(_jars())}/*")
        logging = f"-Dlog4j2.configurationFile={_LOGGING}"
        self.process = Process(
            "Kafka", [*self._java, logging, "kafka.Kafka", self._settings], folder / "log"
        )

    @property
    def url(self) -> str:
        return self.address

    async def prepare(self) -> None:
        await fetch_once(_jars(), _fetch)
        if self._settings.exists():
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        new = self._settings.with_suffix(".new")
        new.write_text(self._properties())
        tool = ("kafka.tools.StorageTool", "format", "--standalone", "-t", _CLUSTER, "-c", new)
        users = self._security.formatting if self._security else ()
        await run(*self._java, *tool, *users, what="Kafka: its storage could not be formatted")
        new.rename(self._settings)

    async def answers(self) -> bool:
        return await accepts(self.port) and await asyncio.to_thread(self._has_joined)

    def _has_joined(self) -> bool:
        """Ask whether the broker is in its own cluster: it listens some seconds earlier."""
        told = self._security.client(ADMIN) if self._security else {}
        address = f"127.0.0.1:{self.port}"
        admin = AdminClient({"bootstrap.servers": address, "log_level": 0, **told})
        try:
            return bool(admin.list_topics(timeout=2).brokers)
        except KafkaException:
            return False

    def _properties(self) -> str:
        secured = self._security is not None
        clients, controllers = ("SASL_SSL", "SASL_PLAINTEXT") if secured else ("PLAINTEXT",) * 2
        controller = f"127.0.0.1:{self._controller}"
        return "\n".join(
            [
                "process.roles=broker,controller",
                "node.id=1",
                f"listeners={clients}://127.0.0.1:{self.port},CONTROLLER://{controller}",
                f"advertised.listeners={clients}://{self.address},CONTROLLER://{controller}",
                f"listener.security.protocol.map={clients}:{clients},CONTROLLER:{controllers}",
                f"inter.broker.listener.name={clients}",
                "controller.listener.names=CONTROLLER",
                f"controller.quorum.bootstrap.servers={controller}",
                *(self._security.properties if self._security else ()),
                f"log.dirs={self.data}",
                "auto.create.topics.enable=false",
                "offsets.topic.replication.factor=1",
                "offsets.topic.num.partitions=4",
                "transaction.state.log.replication.factor=1",
                "transaction.state.log.min.isr=1",
                "transaction.state.log.num.partitions=4",
                "share.coordinator.state.topic.replication.factor=1",
                "share.coordinator.state.topic.min.isr=1",
                "group.initial.rebalance.delay.ms=0",
                # A node that was killed comes back in seconds, as does a member.
                "broker.session.timeout.ms=5000",
                "broker.heartbeat.interval.ms=500",
                "group.consumer.min.heartbeat.interval.ms=300",
                "group.consumer.heartbeat.interval.ms=500",
                "group.consumer.min.session.timeout.ms=3000",
                "group.consumer.session.timeout.ms=6000",
                "log.retention.check.interval.ms=1000",
                "log.cleaner.dedupe.buffer.size=16777216",
                "",
            ]
        )


def _installed(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        msg = f"Kafka: no {program} on PATH; {_REMEDY} TRADEX_TEST_KAFKA"
        raise Unavailable(msg)
    return found


def _jars() -> str:
    """Return the name of the folder of jars, by the version that the POM names."""
    names = {"": "http://maven.apache.org/POM/4.0.0"}
    return f"kafka-{ET.parse(_POM).findtext('.//dependency/version', namespaces=names)}"  # noqa: S314 - our own


async def _fetch(folder: Path) -> None:
    await run(
        *(_installed("mvn"), "-q", "-B", "-f", _POM, "dependency:copy-dependencies"),
        *("-DincludeScope=runtime", f"-DoutputDirectory={folder}"),
        what="Kafka: Maven could not fetch it",
    )
