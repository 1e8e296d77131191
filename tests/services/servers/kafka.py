"""Apache Kafka in KRaft mode from its Maven jars: one node, broker and controller."""

import base64
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.services.servers.process import Process, Unavailable, accepts, free_port

VERSION: Final = "4.3.1"
_POM: Final = Path(__file__).parent / "kafka.pom.xml"
_LOGGING: Final = Path(__file__).parent / "kafka.log4j2.xml"
_CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tradex"
_JAVA: Final = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class Kafka:
    """One node; `address` is its host and port.

    `advertised` is the port that clients are told to connect to, where something stands before it.
    """

    def __init__(
        self, folder: Path, *, port: int | None = None, advertised: int | None = None
    ) -> None:
        self.port = port or free_port()
        self.address = f"127.0.0.1:{advertised or self.port}"
        self._folder = folder
        self._controller = free_port()
        self._settings = folder / "server.properties"
        java = _java()
        self._classpath = f"{_jars()}/*"
        self.process = Process(
            "Kafka",
            [
                java,
                *_JAVA,
                f"-Dlog4j2.configurationFile={_LOGGING}",
                *("-cp", self._classpath, "kafka.Kafka", self._settings),
            ],
            folder / "log",
        )

    async def start(self) -> None:
        """Start it, on new data the first time, and wait until it answers."""
        if not self._settings.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._settings.write_text(self._properties())
            self._format()
        self.process.start()
        await self.process.until(self._answers, patience=60)

    async def stop(self) -> None:
        """Stop it."""
        await self.process.stop()

    async def _answers(self) -> bool:
        return await accepts(self.port)

    def _format(self) -> None:
        cluster = base64.urlsafe_b64encode(uuid4().bytes).decode().rstrip("=")
        tool = ("kafka.tools.StorageTool", "format", "--standalone", "-t", cluster)
        subprocess.run(
            [_java(), "-cp", self._classpath, *tool, "-c", str(self._settings)],
            check=True,
            capture_output=True,
        )

    def _properties(self) -> str:
        plain, controller = f"PLAINTEXT://127.0.0.1:{self.port}", f"127.0.0.1:{self._controller}"
        return "\n".join(
            [
                "process.roles=broker,controller",
                "node.id=1",
                f"listeners={plain},CONTROLLER://{controller}",
                f"advertised.listeners=PLAINTEXT://{self.address},CONTROLLER://{controller}",
                "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                "inter.broker.listener.name=PLAINTEXT",
                "controller.listener.names=CONTROLLER",
                f"controller.quorum.bootstrap.servers={controller}",
                f"log.dirs={self._folder / 'data'}",
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
                "broker.session.timeout.ms=3000",
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


def _java() -> str:
    found = shutil.which("java")
    if found is None:
        remedy = "install Java 17 and Maven, or name a broker in TRADEX_TEST_KAFKA"
        msg = f"Kafka: no java on PATH; {remedy}"
        raise Unavailable(msg)
    return found


def _jars() -> Path:
    """Return the folder of Kafka's jars, fetched by Maven once; raises Unavailable."""
    folder = _CACHE / f"kafka-{VERSION}"
    if folder.exists():
        return folder
    maven = shutil.which("mvn")
    if maven is None:
        msg = "Kafka: no mvn on PATH; install Maven or name a broker in TRADEX_TEST_KAFKA"
        raise Unavailable(msg)
    fetched = folder.with_name(f"{folder.name}-{os.getpid()}")
    done = subprocess.run(
        [
            *(maven, "-q", "-B", "-f", str(_POM), "dependency:copy-dependencies"),
            *("-DincludeScope=runtime", f"-DoutputDirectory={fetched}"),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        msg = f"Kafka: Maven could not fetch it:\n{done.stdout[-2000:]}"
        raise Unavailable(msg)
    fetched.rename(folder)
    return folder
