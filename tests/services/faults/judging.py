"""Judges a run from outside: topics, databases, the API, and what every client was told."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, cast

import msgspec
from tests.services.faults.clients import Client
from tests.services.faults.history import History, Outcome

from apps.demo import invariants
from apps.demo.client import ApiClient
from apps.demo.evidence import Evidence
from apps.demo.log import Log, Readable, message_id
from apps.demo.replay import Placed
from apps.gateway.effects import order_id_of
from tradex_core.events import topics
from tradex_core.events.order import CreateOrder, OrderStatus
from tradex_core.events.product import AdjustStock
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.stock import StockOperation
from tradex_core.ids import OperationId
from tradex_core.messaging.broker import Record

_ERROR = '"log.level":"error"'


class _Wire(msgspec.Struct):
    command: str
    data: msgspec.Raw


async def judge(
    history: History,
    *,
    clients: Mapping[str, Client],
    admin: Client,
    api: ApiClient,
    broker: Readable,
    initial: Mapping[str, int],
    logged: str,
) -> list[str]:
    """Return everything that is not as it must be."""
    log = await Log.read(broker)
    operations = {
        **{reply.operation_id: reply.status.value for reply in log.events(CommandReplied)},
        **await _operations(history, clients),
    }
    orders = {order.order_id: order for order in await api.orders(admin.token)}
    evidence = Evidence(
        placed=tuple(_placed(log, operations, {k: o.status for k, o in orders.items()})),
        operations=operations,
        orders=orders,
        products={product.product_id: product for product in await api.products()},
        initial=initial,
        replenished=_replenished(log),
        log=log,
        secrets=frozenset(history.secrets),
        logged=logged,
    )
    found = [
        f"{finding.promise}: {fault}"
        for finding in invariants.check(evidence)
        for fault in finding.faults
    ]
    return [*found, *_answers(history, evidence), *_keys(history)]


async def _operations(history: History, clients: Mapping[str, Client]) -> dict[str, str]:
    found: dict[str, str] = {}
    for operation_id, owner in history.owners.items():
        client = clients[owner]
        answer = await client.ask("read", "GET", f"/operations/{operation_id}")
        unknown = f"answered {answer.status}"
        found[operation_id] = answer.answer["status"] if answer.status == 200 else unknown
    return found


def _placed(
    log: Log, operations: Mapping[str, str], statuses: Mapping[str, OrderStatus]
) -> Iterator[Placed]:
    """Return the orders that were accepted and made, as the checks of the demo know them."""
    for record, wire in _commands(log, topics.ORDER_COMMANDS):
        operation_id = message_id(record)
        status = statuses.get(order_id_of(OperationId(operation_id)))
        if wire.command == CreateOrder.command and status is not None:
            yield Placed(
                order=cast("Any", None),
                operation_id=operation_id,
                order_id=order_id_of(OperationId(operation_id)),
                operation_status=operations.get(operation_id, "unknown"),
                status=status,
                seconds=0.0,
            )


def _commands(log: Log, topic: str) -> Iterator[tuple[Record, _Wire]]:
    for record in log.messages(topic):
        yield record, msgspec.json.decode(record.value or b"", type=_Wire)


def _replenished(log: Log) -> Counter[str]:
    """Return by how much succeeded adjustments raised each product's stock."""
    succeeded = {
        reply.operation_id
        for reply in log.events(CommandReplied)
        if reply.status is OutcomeStatus.SUCCEEDED
    }
    raised: Counter[str] = Counter()
    for record, wire in _commands(log, topics.CATALOG_COMMANDS):
        if wire.command == AdjustStock.command and message_id(record) in succeeded:
            adjustment = msgspec.json.decode(wire.data, type=AdjustStock)
            sign = 1 if adjustment.operation is StockOperation.INCREASE else -1
            raised[adjustment.product_id] += sign * adjustment.quantity
    return raised


def _answers(history: History, evidence: Evidence) -> Iterator[str]:
    """Look for answers that did not come true, and for errors that nobody may see."""
    failures = [each for each in history.attempts if each.status >= 500 and each.status != 503]
    for attempt in failures:
        yield f"{attempt.client} was answered {attempt.status} {attempt.slug} to {attempt.kind}"
    if failures:
        yield from (line for line in evidence.logged.splitlines() if _ERROR in line)
    for attempt in history.of("order"):
        if attempt.outcome is Outcome.OK and attempt.answer["orderId"] not in evidence.orders:
            yield f"order {attempt.answer['orderId']} was answered and is not there"
    for attempt in history.of("cancel"):
        if attempt.outcome is Outcome.OK:
            order = evidence.orders[attempt.answer["orderId"]]
            if order.status is not OrderStatus.CANCELLED:
                yield f"order {order.order_id} was cancelled and is {order.status}"
    pending = [o for o, status in evidence.operations.items() if status == "pending"]
    yield from (f"operation {operation_id} never ended" for operation_id in pending)


def _keys(history: History) -> Iterator[str]:
    """Look for keys under which there was more than one operation."""
    told: dict[tuple[str, str], set[str]] = defaultdict(set)
    for attempt in history.attempts:
        if attempt.key is not None and attempt.operation_id is not None:
            told[attempt.client, attempt.key].add(attempt.operation_id)
    yield from (f"key {key} became {sorted(ids)}" for key, ids in told.items() if len(ids) > 1)
