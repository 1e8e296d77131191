"""Runs clients against a stack while things happen to it, lets it come to rest, and judges it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final, Self

from tests.services.deployment import APPS, NO_LIMITS
from tests.services.faults.clients import PASSWORD, Buyer, Client, Newcomer, Seller
from tests.services.faults.history import History
from tests.services.faults.judging import judge
from tests.services.faults.schedule import Fault, Kind, schedule, together
from tests.services.servers.process import Process
from tests.services.stack import App, Stack

from adapters.kafka.broker import KafkaBroker
from adapters.kafka.settings import KafkaSettings
from apps.demo.client import ApiClient

SETTINGS: Final = {
    "TRADEX_ARGON2": "owasp-minimum",
    **NO_LIMITS,
    "TRADEX_PENDING_TIMEOUT": "20s",
}
ADMIN: Final = "operator@example.com"
AT_ONCE: Final = 3
"""How many faults come together, for a schedule to be over sooner and to be harder."""
RECOVERY_SECONDS: Final = 30.0
_AT_REST_SECONDS: Final = 90.0
_QUIET_LOOKS: Final = 2
_BUYERS: Final = 4
_PRODUCTS: Final = 6
_STOCK: Final = 60

Tell = Callable[[str], None]


async def run(
    folder: Path, seed: int, *, minutes: float, at_once: int, replicas: int = 2
) -> tuple[list[str], "Campaign"]:
    """Run a schedule of so many minutes of faults, some at once, at so many replicas of each app.

    Return everything that is not as it must be, and what happened.
    """
    stack = Stack(folder, replicas=dict.fromkeys(APPS, replicas), proxied=True, settings=SETTINGS)
    async with stack, Campaign(stack, seed) as campaign:
        faults = schedule(
            seed,
            processes=[*stack.apps, *stack.servers],
            proxies=list(stack.proxies),
            seconds=minutes * 60,
        )
        await campaign.suffer(together(faults, at_once))
        return await campaign.verdict(), campaign


@dataclass
class Campaign:
    """A stack with clients on it, to which things happen."""

    stack: Stack
    seed: int
    tell: Tell = print
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        """Make nothing yet that would have to be closed."""
        self._random = Random(self.seed)
        self._over = asyncio.Event()
        self._entered = AsyncExitStack()
        self._working: list[asyncio.Task[None]] = []
        self.clients: dict[str, Client] = {}
        self.products: list[dict[str, Any]] = []
        self.recoveries: list[tuple[Fault, float]] = []

    async def __aenter__(self) -> Self:
        gateways = [app.url for app in self.stack.gateways]
        await self.stack.create_admin(ADMIN, PASSWORD)
        seller = Seller("seller", gateways, self.history, self._chance())
        newcomer = Newcomer("newcomer", gateways, self.history, self._chance())
        buyers = [
            Buyer(f"buyer{number}", gateways, self.history, self._chance())
            for number in range(_BUYERS)
        ]
        self.clients = {client.name: client for client in (seller, newcomer, *buyers)}
        for client in self.clients.values():
            self._entered.push_async_callback(client.close)
        await asyncio.gather(
            seller.sign_up("seller"), *(buyer.sign_up("buyer") for buyer in buyers)
        )
        self.products = await seller.open_shop(_PRODUCTS, _STOCK)
        work = [
            seller.keep_selling(self.products, self._over),
            newcomer.keep_coming(self._over),
        ]
        work += [buyer.keep_buying(self.products, self._over) for buyer in buyers]
        self._working = [asyncio.create_task(each) for each in work]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._over.set()
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)
        await self._entered.aclose()

    def _chance(self) -> Random:
        return Random(self._random.random())

    async def suffer(self, rounds: Iterable[Sequence[Fault]]) -> None:
        """Let what is of one round happen at once, and see that the platform recovers in time."""
        for faults in rounds:
            async with asyncio.TaskGroup() as happening:
                for fault in faults:
                    happening.create_task(self._happen(fault))
            seconds = await self._recovered()
            self.recoveries += [(fault, seconds) for fault in faults]

    async def _recovered(self) -> float:
        """Return how many seconds pass until every app is ready; raises NotReady for too many."""
        began = time.monotonic()
        for app in self.stack.apps.values():
            await app.ready(patience=RECOVERY_SECONDS)
        return time.monotonic() - began

    async def end(self) -> None:
        """Let the clients end what they are at."""
        self._over.set()
        await asyncio.gather(*self._working)

    async def verdict(self) -> list[str]:
        """Let the clients end and the platform come to rest; return what is not as it must be."""
        await self.end()
        admin = Client(ADMIN, [self.stack.gateways[0].url], self.history, self._random)
        self._entered.push_async_callback(admin.close)
        await admin.log_in(ADMIN)
        found = await self._at_rest(admin)
        broker = KafkaBroker(KafkaSettings(bootstrap_servers=self.stack.kafka_address))
        self._entered.push_async_callback(broker.close)
        api = ApiClient(self.stack.gateways[0].url)
        await self._entered.enter_async_context(api)
        found += await judge(
            self.history,
            clients={**self.clients, ADMIN: admin},
            admin=admin,
            api=api,
            broker=broker,
            initial={product["productId"]: _STOCK for product in self.products},
            logged=_logged(self.stack.folder),
        )
        return [*found, *await self._verified("orders"), *await self._verified("stock")]

    async def _at_rest(self, admin: Client) -> list[str]:
        """Wait until no order is pending and nothing lags; return what is not over in time.

        Both are looked at twice: between the two an outbox may have been on its way.
        """
        looked = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_AT_REST_SECONDS):
                while looked < _QUIET_LOOKS:
                    looked = looked + 1 if await self._is_quiet(admin) else 0
                    await asyncio.sleep(0.5)
                return []
        return [f"not at rest after {_AT_REST_SECONDS:.0f} s: {await self.stack.tradex('lag')}"]

    async def _is_quiet(self, admin: Client) -> bool:
        pending = await admin.ask("read", "GET", "/orders?status=pending&limit=1")
        if pending.status != 200 or pending.answer["items"]:
            return False
        report = json.loads(await self.stack.tradex("lag", "--json"))
        return bool(report["lag"] == 0)

    async def _verified(self, what: str) -> list[str]:
        try:
            await self.stack.tradex(what, "verify")
        except RuntimeError as error:
            return [str(error)]
        return []

    async def _happen(self, fault: Fault) -> None:
        await asyncio.sleep(fault.after)
        self.tell(str(fault))
        if not fault.kind.is_of_processes:
            await self._at_proxy(fault)
            return
        process, start = self._process(fault.target)
        if fault.kind is Kind.PAUSE:
            process.pause()
            await asyncio.sleep(fault.lasts)
            process.resume()
            return
        if fault.kind is Kind.KILL:
            process.kill()
        else:
            await process.stop()
        await asyncio.sleep(fault.lasts)
        await start()

    async def _at_proxy(self, fault: Fault) -> None:
        proxy = self.stack.proxies[fault.target]
        if fault.kind is Kind.DROP:
            proxy.drop()
            return
        proxy.cut()
        await asyncio.sleep(fault.lasts)
        proxy.mend()

    def _process(self, name: str) -> tuple[Process, Callable[[], Awaitable[None]]]:
        if name in self.stack.servers:
            server = self.stack.servers[name]
            return server.process, server.start
        app = self.stack.apps[name]
        return app.process, lambda: _started(app)


async def _started(app: App) -> None:
    app.process.start()


def _logged(folder: Path) -> str:
    return "\n".join(file.read_text(errors="replace") for file in folder.glob("*.log"))
