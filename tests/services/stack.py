"""Every app as a process of its own over real servers, as they are deployed.

`python -m tests.services.stack` keeps one running for a person until Ctrl-C.
"""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.request import urlopen

import psycopg
from tests.services.proxy import Proxy
from tests.services.servers.kafka import Kafka
from tests.services.servers.mongo import Mongo
from tests.services.servers.postgres import Postgres
from tests.services.servers.process import Process, free_port

from adapters.security.sealing import generate_key_pair
from adapters.security.token_keys import AccessTokenKeys

APPS: Final = ("auth", "catalog", "orders", "projector", "gateway")
POSTGRES: Final = ("auth", "orders", "gateway")
"""The databases on PostgreSQL; the catalogue's is on the MongoDB-wire server."""

Server = Postgres | Kafka | Mongo


@dataclass
class App:
    """One replica of an app."""

    name: str
    kind: str
    port: int
    process: Process

    @property
    def url(self) -> str:
        """Where it answers: a gateway's API, or the health of another."""
        return f"http://127.0.0.1:{self.port}"

    async def ready(self, *, patience: float = 60.0) -> None:
        """Wait until it says that it is ready; raises NotReady."""
        await self.process.until(self._is_ready, patience=patience)

    async def _is_ready(self) -> bool:
        return await asyncio.to_thread(_answers, f"{self.url}/health/ready")


@dataclass
class Stack:
    """Servers, set-up and apps, started and stopped in order.

    Apps reach their servers through proxies where `proxied`; `replicas` says how many there are of
    an app (one), `settings` what every app is told beside its own settings.
    """

    folder: Path
    replicas: Mapping[str, int] = field(default_factory=dict)
    proxied: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose ports and keys; nothing starts yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        kafka_port, self.proxies = free_port(), dict[str, Proxy]()
        self.kafka = Kafka(self.folder / "kafka", advertised=kafka_port if self.proxied else None)
        self.postgres = Postgres(self.folder / "postgres")
        self.mongo = Mongo(self.folder / "mongo")
        self.servers: dict[str, Server] = {
            "kafka": self.kafka,
            "postgres": self.postgres,
            "mongo": self.mongo,
        }
        if self.proxied:
            self.proxies = {
                "kafka": Proxy(kafka_port, self.kafka.port),
                "postgres": Proxy(free_port(), self.postgres.port),
                "mongo": Proxy(free_port(), self.mongo.port),
            }
        self._keys = _keys()
        self.apps = {app.name: app for kind in APPS for app in self._replicas_of(kind)}
        self._entered = AsyncExitStack()

    @property
    def gateways(self) -> list[App]:
        """The gateways."""
        return [app for app in self.apps.values() if app.kind == "gateway"]

    @property
    def kafka_address(self) -> str:
        """Where apps reach Kafka."""
        return self.kafka.address

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._entered.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._entered.aclose()

    async def tradex(self, *arguments: str, given: str = "") -> str:
        """Run an operator's command; return what it printed. Raises RuntimeError where it fails."""
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "apps.cli", *arguments],
            input=given,
            env=self._environment(self.environment("auth")),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode:
            msg = f"tradex {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
            raise RuntimeError(msg)
        return done.stdout

    async def create_admin(self, email: str, password: str) -> None:
        """Make an admin's account, as an operator does."""
        await self.tradex(
            "users", "create-admin", "--email", email, "--password-stdin", given=password
        )

    def environment(self, kind: str) -> dict[str, str]:
        """Return what an app of a kind is told, and what an operator's commands are told."""
        return {
            "TRADEX_BROKER": "kafka",
            "TRADEX_KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{self._port('kafka')}",
            **{
                f"TRADEX_{name.upper()}_DATABASE_URL": (
                    f"postgresql://tradex@127.0.0.1:{self._port('postgres')}/{name}"
                )
                for name in POSTGRES
            },
            "TRADEX_CATALOG_DATABASE_URL": (
                f"mongodb://127.0.0.1:{self._port('mongo')}/catalog?directConnection=true"
            ),
            "TRADEX_CONTROL_SOCKET": str(self.folder / "auth-1.sock"),
            "TRADEX_LOG_FORMAT": "json",
            **self._keys,
            **self.settings,
        }

    async def _start(self) -> None:
        await asyncio.gather(*(self._start_server(server) for server in self.servers.values()))
        for proxy in self.proxies.values():
            await self._entered.enter_async_context(proxy)
        await asyncio.to_thread(self._make_databases)
        await self.tradex("topics", "apply")
        for database in (*POSTGRES, "catalog"):
            await self.tradex("db", "upgrade", database)
        self._entered.push_async_callback(self._stop_apps)
        for app in self.apps.values():
            app.process.start()
        await asyncio.gather(*(app.ready() for app in self.apps.values()))

    async def _start_server(self, server: Server) -> None:
        self._entered.push_async_callback(server.stop)
        await server.start()

    async def _stop_apps(self) -> None:
        await asyncio.gather(*(app.process.stop() for app in self.apps.values()))

    def _make_databases(self) -> None:
        with psycopg.connect(self.postgres.url, autocommit=True) as connection:
            for name in POSTGRES:
                connection.execute(f'CREATE DATABASE "{name}"'.encode())

    def _replicas_of(self, kind: str) -> list[App]:
        return [self._app(kind, number) for number in range(1, self.replicas.get(kind, 1) + 1)]

    def _app(self, kind: str, number: int) -> App:
        name, port = f"{kind}-{number}", free_port()
        environment = {
            **self.environment(kind),
            "TRADEX_HTTP_PORT": str(port),
            "TRADEX_CONTROL_SOCKET": str(self.folder / f"{name}.sock"),
        }
        command = [sys.executable, "-m", "apps.cli", "run", kind]
        log = self.folder / f"{name}.log"
        process = Process(name, command, log, environment=self._environment(environment))
        return App(name, kind, port, process)

    def _port(self, server: str) -> int:
        proxy = self.proxies.get(server)
        return self.servers[server].port if proxy is None else proxy.port

    def _environment(self, given: Mapping[str, str]) -> dict[str, str]:
        rest = {name: v for name, v in os.environ.items() if not name.startswith("TRADEX_")}
        return {**rest, **given}


def _keys() -> dict[str, str]:
    pair = generate_key_pair()
    return {
        "TRADEX_ACTOR_SIGNING_KEY": secrets.token_urlsafe(32),
        "TRADEX_GATEWAY_KEY": secrets.token_urlsafe(32),
        "TRADEX_JWT_SIGNING_KEY": AccessTokenKeys.generate().to_text(),
        "TRADEX_SEALING_KEYS": pair.private,
        "TRADEX_SEALING_PUBLIC_KEY": pair.public,
    }


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False


async def _keep_running() -> None:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    with tempfile.TemporaryDirectory(prefix="tradex-stack-") as folder:
        stack = Stack(Path(folder))
        async with stack:
            for app in stack.apps.values():
                print(f"{app.name:<12} {app.url:<24} pid {app.process.pid}  {app.process.log}")  # noqa: T201
            for name, value in stack.environment("auth").items():
                if "DATABASE_URL" in name or "BOOTSTRAP" in name or "SOCKET" in name:
                    print(f"export {name}={value}")  # noqa: T201
            print(f"ready {stack.gateways[0].url}  (Ctrl-C stops everything)")  # noqa: T201
            await stopped.wait()


if __name__ == "__main__":
    asyncio.run(_keep_running())
