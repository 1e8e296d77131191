"""Every app as a process of its own over real servers, as they are deployed.

`python -m tests.services.stack` keeps one running for a person until Ctrl-C.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.request import urlopen

from tests.services.deployment import APPS, POSTGRES, Deployment, make_databases
from tests.services.proxy import Proxy
from tests.services.servers.kafka import Kafka
from tests.services.servers.kafka_security import ADMIN, Security
from tests.services.servers.mongo import Mongo
from tests.services.servers.postgres import Postgres
from tests.services.servers.process import NotReady, Process, Unavailable, free_port
from tests.services.servers.server import Server, temporary_folder

_LOOK_AGAIN_SECONDS: Final = 1.0


class App(Server):
    """One replica of an app; `url` is where it answers: a gateway's API, another's health."""

    def __init__(self, name: str, kind: str, port: int, process: Process) -> None:
        self.name = name
        self.kind = kind
        self.port = port
        self.process = process

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def prepare(self) -> None:
        return

    async def answers(self) -> bool:
        return await asyncio.to_thread(_answers, f"{self.url}/health/ready")

    async def ready(self, *, patience: float = 60.0) -> None:
        """Wait until it says that it is ready; raises NotReady."""
        await self.process.until(self.answers, patience=patience)


@dataclass
class Stack:
    """Servers, set-up and apps, started in order and stopped in reverse.

    Apps reach their servers through proxies where `proxied`; `replicas` says how many there are of
    an app (one), `ports` where one listens (`gateway-1`; else anywhere), `settings` what every app
    is told beside its own settings. With `security`, each app and the operator are users of its
    name to Kafka, and may do what ACLs allow.
    """

    folder: Path
    replicas: Mapping[str, int] = field(default_factory=dict)
    proxied: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    ports: Mapping[str, int] = field(default_factory=dict)
    security: Security | None = None

    def __post_init__(self) -> None:
        """Choose ports and keys; nothing starts yet."""
        kafka_port, self.proxies = free_port(), dict[str, Proxy]()
        self.kafka = Kafka(
            self.folder / "kafka",
            advertised=kafka_port if self.proxied else None,
            security=self.security,
        )
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
        reached = {
            name: self.proxies.get(name, server).port for name, server in self.servers.items()
        }
        self.deployment = Deployment(**reached, socket=self._socket("auth-1"))
        self.apps = {app.name: app for kind in APPS for app in self._replicas_of(kind)}
        self._entered = AsyncExitStack()

    @property
    def gateways(self) -> list[App]:
        """The gateways."""
        return self.apps_of("gateway")

    @property
    def kafka_address(self) -> str:
        """Where apps reach Kafka."""
        return self.kafka.address

    def apps_of(self, kind: str) -> list[App]:
        """Return the replicas of an app."""
        return [app for app in self.apps.values() if app.kind == kind]

    def environment(self, kind: str) -> dict[str, str]:
        """Return what an app of a kind is told."""
        return {**self.deployment.of_app(kind), **self.settings, **self._user(kind)}

    def database(self, name: str) -> str:
        """Return the URL of an app's database on PostgreSQL, as its owner."""
        return self.operator_environment()[f"TRADEX_{name.upper()}_DATABASE_URL"]

    def operator_environment(self, user: str = "operator") -> dict[str, str]:
        """Return the environment of an operator's commands."""
        told = {**self.deployment.of_operator(), **self.settings, **self._user(user)}
        return _environment(told)

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

    async def tradex(self, *arguments: str, given: str = "", user: str = "operator") -> str:
        """Run an operator's command; return what it printed. Raises RuntimeError where it fails.

        `user` is who it is to a Kafka with users.
        """
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "apps.cli", *arguments],
            input=given,
            env=self.operator_environment(user),
            cwd=self.folder,
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

    async def _start(self) -> None:
        await asyncio.gather(*(self._start_server(server) for server in self.servers.values()))
        for proxy in self.proxies.values():
            await self._entered.enter_async_context(proxy)
        await asyncio.to_thread(make_databases, self.postgres.url)
        upgrades = (self.tradex("db", "upgrade", database) for database in (*POSTGRES, "catalog"))
        await asyncio.gather(self._apply_topics(), *upgrades)
        for kind in APPS:
            self._entered.push_async_callback(self._stop_apps, kind)
        for app in self.apps.values():
            app.process.start()
        await asyncio.gather(*(app.ready() for app in self.apps.values()))

    def _user(self, name: str) -> Mapping[str, str]:
        return self.security.settings(name) if self.security is not None else {}

    async def _apply_topics(self) -> None:
        if self.security is not None:
            await self.tradex("acls", "apply", user=ADMIN)
        await self.tradex("topics", "apply")

    async def _start_server(self, server: Server) -> None:
        self._entered.push_async_callback(server.stop)
        await server.start()

    async def _stop_apps(self, kind: str) -> None:
        await asyncio.gather(*(app.stop() for app in self.apps_of(kind)))

    def _replicas_of(self, kind: str) -> list[App]:
        return [self._app(kind, number) for number in range(1, self.replicas.get(kind, 1) + 1)]

    def _app(self, kind: str, number: int) -> App:
        name = f"{kind}-{number}"
        port = self.ports.get(name) or free_port()
        environment = {**self.environment(kind), "TRADEX_HTTP_PORT": str(port)}
        if kind == "auth":
            environment["TRADEX_CONTROL_SOCKET"] = str(self._socket(name))
        process = Process(
            name,
            [sys.executable, "-m", "apps.cli", "run", kind],
            self.folder / f"{name}.log",
            environment=_environment(environment),
            folder=self.folder,
        )
        return App(name, kind, port, process)

    def _socket(self, name: str) -> Path:
        return self.folder / f"{name}.sock"


def _environment(told: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that imports what we do, and has no other settings."""
    rest = {name: v for name, v in os.environ.items() if not name.startswith("TRADEX_")}
    return {**rest, "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)), **told}


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
            return bool(answer.status == 200)
    except OSError:
        return False


def main() -> None:
    """Keep a stack running for a person."""
    parser = argparse.ArgumentParser(prog="nox -s stack --", description=_keep_running.__doc__)
    parser.add_argument("--port", type=int, default=3000, help="of the first gateway (3000)")
    parser.add_argument("--replicas", type=int, default=1, help="of each app (1)")
    given = parser.parse_args()
    try:
        asyncio.run(_keep_running(given.port, given.replicas))
    except (NotReady, RuntimeError, Unavailable) as error:
        sys.exit(str(error))


async def _keep_running(port: int, replicas: int) -> None:
    """Run Kafka, PostgreSQL, a MongoDB-wire server and every app, until Ctrl-C."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    with temporary_folder() as folder, suppress(asyncio.CancelledError):
        stack = Stack(folder, dict.fromkeys(APPS, replicas), ports={"gateway-1": port})
        async with stack:
            _introduce(stack)
            await _tell_who_ends(stack)


def _introduce(stack: Stack) -> None:
    told = stack.folder / "operator.env"
    lines = (f"{name}='{value}'\n" for name, value in stack.deployment.of_operator().items())
    told.write_text("".join(lines))
    for name, server in stack.servers.items():
        _say(f"{name:<12} {server.url:<58} pid {server.process.pid}")
    for app in stack.apps.values():
        _say(f"{app.name:<12} {app.url:<58} pid {app.process.pid}")
    _say(f"logs         {stack.folder}/*.log")
    _say(f"operate it   set -a; . {told}; set +a; tradex lag")
    _say(f"ready {stack.gateways[0].url}  (Ctrl-C stops everything)")


async def _tell_who_ends(stack: Stack) -> None:
    running = dict(stack.apps)
    while True:
        for app in [app for app in running.values() if not app.process.is_running]:
            del running[app.name]
            _say(f"{app.name} ended with {app.process.status}: {app.process.log}")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - it is a program


if __name__ == "__main__":
    main()
