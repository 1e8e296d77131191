"""How soon an accepted order is confirmed where every app runs apart, and each one's memory."""

import asyncio
from collections.abc import Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Any, Final

import httpx
from msgspec import Struct
from tests.bench.bare_steps import TOPIC, BareSteps, take_steps
from tests.bench.deployed import deployed
from tests.bench.kafka_log import KafkaLog, Watcher
from tests.bench.load import Report, report
from tests.bench.rounds import Ratio
from tests.bench.shop import BUYER, PRICE, SELLER, body_of
from tests.bench.table import Goal, Row
from tests.bench.usage import peak_mib
from tests.services.deployment import APPS
from tests.services.stack import Stack

from adapters.security.system import SystemClock
from adapters.security.token_keys import AccessTokenKeys
from adapters.security.tokens import AccessTokenIssuer
from apps.gateway.container import AUDIENCE, ISSUER
from tradex_core.events.envelope import Actor
from tradex_core.events.topics import ORDER_UPDATED
from tradex_core.ids import UserId

_PER_SECOND: Final = 50
_WARM_UP_SECONDS: Final = 2
_PRODUCTS: Final = 100
_STOCK: Final = 1_000_000
_CONFIRMED: Final = b'"confirmed"'
_PATIENCE_SECONDS: Final = 30


class _Round(Struct, frozen=True):
    bare: BareSteps
    orders: Report


class _Outcome(Struct, frozen=True):
    mongo: str
    rounds: Sequence[_Round]
    peaks_mib: Mapping[str, float]


def measure(*, rounds: int, seconds: int) -> list[Row]:
    """Order at a steady pace through the gateway, and take the bare steps in turns with that."""
    done = asyncio.run(_measured(rounds, seconds))
    what = f"202 to confirmed in Kafka, {_PER_SECOND} orders a second, every app a process"
    return [
        Row(
            name="confirmed-p50",
            label="202 to confirmed",
            what=f"{what}: the median",
            against="the bare sum of a message produced and consumed per hop and a commit per step",
            goal=Goal(2.0),
            got=Ratio.of((each.orders.p50_ms, each.bare.until_confirmed) for each in done.rounds),
            notes=(
                _middle(done.rounds),
                f"of the last round's bare steps: {done.rounds[-1].bare}",
                f"the MongoDB-wire server was {done.mongo}",
            ),
        ),
        Row(
            name="confirmed-p99",
            label="202 to confirmed, p99",
            what="the same: what 99 of 100 take at most",
            against="its own median",
            goal=Goal(5.0),
            got=Ratio.of((each.orders.p99_ms, each.orders.p50_ms) for each in done.rounds),
        ),
        Row(
            name="apps-memory",
            label="memory of an app",
            what="most memory that any of the five apps ever had, after these orders",
            against="nothing",
            goal=Goal(150, unit="MiB"),
            got=Ratio.exactly(max(done.peaks_mib.values())),
            notes=(", ".join(f"{name} {mib:.0f}" for name, mib in done.peaks_mib.items()),),
        ),
    ]


def _middle(rounds: Sequence[_Round]) -> str:
    orders = median(each.orders.p50_ms for each in rounds)
    bare = median(each.bare.until_confirmed for each in rounds)
    return f"{orders:.1f} ms, the bare sum {bare:.1f} ms (medians)"


async def _measured(rounds: int, seconds: int) -> _Outcome:
    async with deployed(dict.fromkeys(APPS, 1)) as stack:
        log = KafkaLog(stack.kafka_address, linger_ms=0)
        log.create(TOPIC)
        async with httpx.AsyncClient(base_url=f"{stack.gateways[0].url}/v1") as client:
            buyers = _Buyers(client, log, _token(stack, BUYER))
            product_ids = await _open_shop(client, _token(stack, SELLER))
            await buyers.order(product_ids, _PER_SECOND * _WARM_UP_SECONDS)
            count = _PER_SECOND * seconds
            done = []
            for _ in range(rounds):
                bare = await asyncio.to_thread(
                    take_steps, stack, log, per_second=_PER_SECOND, count=count // 4
                )
                done.append(_Round(bare, await buyers.order(product_ids, count)))
        pids = {name: app.process.pid for name, app in stack.apps.items()}
        peaks = {name: peak_mib(pid) for name, pid in pids.items() if pid is not None}
        return _Outcome(stack.mongo.program, done, peaks)


class _Buyers:
    """Who orders, whatever becomes of the orders before."""

    def __init__(self, client: httpx.AsyncClient, log: KafkaLog, token: str) -> None:
        self._client = client
        self._log = log
        self._headers = {**_bearer(token), "content-type": "application/json"}
        self._accepted: dict[bytes, float] = {}

    async def order(self, product_ids: Sequence[str], count: int) -> Report:
        """Send so many orders at the pace; return how long after its 202 each was confirmed."""
        self._accepted = {}
        began = perf_counter()
        with Watcher(self._log, ORDER_UPDATED, lambda value: _CONFIRMED in value) as watcher:
            async with asyncio.TaskGroup() as sending:
                for number in range(count):
                    await asyncio.sleep(began + number / _PER_SECOND - perf_counter())
                    sending.create_task(self._send(body_of(number, product_ids)))
            keys = list(self._accepted)
            await asyncio.to_thread(watcher.wait_for, keys, patience=_PATIENCE_SECONDS)
        latencies = [watcher.seen[key] - at for key, at in self._accepted.items()]
        return report(latencies, count / _PER_SECOND, wrong=0)

    async def _send(self, body: bytes) -> None:
        answer = await self._client.post("/orders", content=body, headers=self._headers)
        accepted = perf_counter()
        answer.raise_for_status()
        order_id = answer.json()["resource"].rsplit("/", 1)[-1]
        self._accepted[order_id.encode()] = accepted


async def _open_shop(client: httpx.AsyncClient, token: str) -> list[str]:
    """Put products into the catalogue; return their ids once the gateway shows them."""
    headers = {**_bearer(token), "prefer": "wait=30"}
    made = []
    for number in range(_PRODUCTS):
        answer = await client.post("/products", json=_product(number), headers=headers, timeout=40)
        answer.raise_for_status()
        made.append(answer.json()["productId"])
    return made


def _product(number: int) -> dict[str, Any]:
    return {
        "name": f"Product {number}",
        "description": "A thing that people buy.",
        "sku": f"SKU-{number:06}",
        "price": float(PRICE.amount),
        "stock": _STOCK,
        "category": "Things",
    }


def _token(stack: Stack, actor: Actor) -> str:
    keys = AccessTokenKeys.from_text(stack.environment("gateway")["TRADEX_JWT_SIGNING_KEY"])
    issuer = AccessTokenIssuer(keys, issuer=ISSUER, audience=AUDIENCE, clock=SystemClock())
    return issuer.issue(UserId(actor.user_id), actor.role)


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
