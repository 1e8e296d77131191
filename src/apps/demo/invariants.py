"""The six promises that hold at rest, each checked on evidence from the outside."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from apps.demo.evidence import Evidence
from apps.demo.log import message_id
from tradex_core.events import topics
from tradex_core.events.order import OrderCreated, OrderDocument, OrderStatus, OrderUpdated
from tradex_core.events.product import ProductCreated, ProductUpdated
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.stock import StockOperation, StockReserved, StockUpdated
from tradex_core.events.user import UserRegistered
from tradex_core.messaging.broker import Record
from tradex_core.orders.order import TRANSITIONS

Faults = Iterator[str]
_ProductChange = ProductCreated | ProductUpdated | StockUpdated

_HOLDING: Final = frozenset(OrderStatus) - {OrderStatus.PENDING, OrderStatus.CANCELLED}
"""The statuses of orders that hold stock for all of their lines."""


@dataclass(frozen=True)
class Finding:
    """A promise, by its number in the contracts, and everything that breaks it."""

    number: int
    promise: str
    faults: tuple[str, ...]

    @property
    def held(self) -> bool:
        """Whether nothing breaks it."""
        return not self.faults


def check(evidence: Evidence) -> list[Finding]:
    """Check every promise on the same evidence; changes nothing."""
    return [
        Finding(number, promise, tuple(faults_in(evidence)))
        for number, (promise, faults_in) in enumerate(_PROMISES, start=1)
    ]


def one_outcome(evidence: Evidence) -> Faults:
    """Look for commands without exactly one outcome, and for outcomes that changed."""
    replies = evidence.log.events(CommandReplied)
    yield from _repeated("outcomes of command", (reply.operation_id for reply in replies))
    outcomes = {reply.operation_id: reply.status.value for reply in replies}
    commands = {message_id(record) for record in evidence.log.messages(*topics.COMMANDS)}
    accepted = commands | {placed.operation_id for placed in evidence.placed}
    yield from (f"command {each} has no outcome" for each in sorted(accepted - set(outcomes)))
    yield from (
        f"outcome of {each}, which nobody sent" for each in sorted(set(outcomes) - commands)
    )
    yield from _dead_letters(evidence)
    for placed in evidence.placed:
        said = (placed.operation_status, evidence.operations.get(placed.operation_id))
        if set(said) != {outcomes.get(placed.operation_id)}:
            yield f"operation {placed.operation_id} was first {said[0]}, then {said[1]}"
        order = evidence.orders.get(placed.order_id)
        now = order.status if order else None
        if placed.status is OrderStatus.PENDING or placed.status is not now:
            yield f"order {placed.order_id} was first {placed.status}, then {now}"


def one_order(evidence: Evidence) -> Faults:
    """Look for accepted orders that were not made exactly once, and for orders nobody placed."""
    yield from _repeated("places for operation", (p.operation_id for p in evidence.placed))
    created = [event.order_id for event in evidence.log.events(OrderCreated)]
    yield from _repeated("creations of order", created)
    outcomes = {reply.operation_id: reply.status for reply in evidence.log.events(CommandReplied)}
    made = {
        placed.order_id
        for placed in evidence.placed
        if outcomes.get(placed.operation_id) is OutcomeStatus.SUCCEEDED
    }
    yield from _difference("was accepted and not made", made, created)
    yield from _difference("was made and not accepted", created, made)
    yield from _difference("was made and is not shown", created, evidence.orders)
    yield from _difference("is shown and was not made", evidence.orders, created)


def stock_balances(evidence: Evidence) -> Faults:
    """Look for products whose stock is not what its movements add up to."""
    moves = evidence.log.events(StockUpdated)
    total: Counter[str] = Counter(evidence.initial)
    raised: Counter[str] = Counter()
    for move in moves:
        total[move.product_id] += _delta(move)
        if move.order_id is None:
            raised[move.product_id] += _delta(move)
        if move.stock < 0:
            yield f"product {move.product_id} had {move.stock} in stock"
    for product_id, product in evidence.products.items():
        if product.stock != total[product_id]:
            yield f"product {product_id} shows {product.stock} and should {total[product_id]}"
        if raised[product_id] != evidence.replenished.get(product_id, 0):
            yield f"product {product_id} was raised by {raised[product_id]} on the log alone"
    yield from _difference("is shown and nobody's", evidence.products, evidence.initial)
    yield from _difference("is not shown", evidence.initial, evidence.products)
    held, holding = _held(moves), _holding(evidence.orders)
    for pair in sorted(held.keys() | holding.keys()):
        if held.get(pair, 0) != holding.get(pair, 0):
            order_id, product_id = pair
            yield (
                f"order {order_id} took {held.get(pair, 0)} of product {product_id}"
                f" and holds {holding.get(pair, 0)}"
            )


def nothing_sold_unreserved(evidence: Evidence) -> Faults:
    """Look for confirmed orders without their stock, and for cancelled ones that hold some."""
    reserved = {event.order_id for event in evidence.log.events(StockReserved)}
    held = _held(evidence.log.events(StockUpdated))
    for order in evidence.orders.values():
        mine = {product: held.get((order.order_id, product), 0) for product in _quantities(order)}
        if order.status in _HOLDING and order.order_id not in reserved:
            yield f"order {order.order_id} is {order.status} without a reservation"
        if order.status in _HOLDING and mine != _quantities(order):
            yield f"order {order.order_id} is {order.status} without all of its stock"
        if order.status is OrderStatus.CANCELLED and any(mine.values()):
            yield f"order {order.order_id} is cancelled and holds stock"


def each_change_once(evidence: Evidence) -> Faults:
    """Look for changes that a deduplicating reader misses, sees twice or sees out of order."""
    log = evidence.log
    yield from log.contradictions
    yield from _scattered_keys(log.records)
    yield from _repeated("registrations of", (e.user_id for e in log.events(UserRegistered)))
    steps: dict[str, list[OrderStatus]] = {
        event.order_id: [event.status] for event in log.events(OrderCreated)
    }
    reasons: dict[str, str | None] = {}
    for event in log.events(OrderUpdated):
        steps.setdefault(event.order_id, []).append(event.status)
        reasons[event.order_id] = event.reason
    for order_id, path in steps.items():
        if not _is_lawful(path):
            yield f"order {order_id} went {' → '.join(path)}"
        order = evidence.orders.get(order_id)
        if order is not None and order.status is not path[-1]:
            yield f"order {order_id} is {order.status} and its last event says {path[-1]}"
        if order is not None and order.reason != reasons.get(order_id):
            yield f"order {order_id} says {order.reason} and its event {reasons.get(order_id)}"
    yield from _product_versions(evidence)


def secrets_stay_secret(evidence: Evidence) -> Faults:
    """Look for passwords and tokens in keys, values and headers of every record, and in the log."""
    if not evidence.secrets:
        yield "no secret was used, so that none could have been found"
    by_topic: dict[str, list[bytes]] = {}
    for record in evidence.log.records:
        headers = (part for name, value in record.headers for part in (name.encode(), value))
        parts = (record.key or b"", record.value or b"", *headers)
        by_topic.setdefault(f"topic {record.topic}", []).extend(parts)
    places = {name: b"\n".join(parts) for name, parts in by_topic.items()}
    places["the process's log"] = evidence.logged.encode()
    for name, content in places.items():
        found = sum(secret.encode() in content for secret in evidence.secrets)
        if found:
            yield f"{found} of {len(evidence.secrets)} secrets stand in {name}"


_PROMISES: Final[tuple[tuple[str, Callable[[Evidence], Faults]], ...]] = (
    ("Each accepted command has one outcome, and it stays", one_outcome),
    ("Each accepted order was made exactly once", one_order),
    ("Each product's stock is what came in less what orders hold", stock_balances),
    ("Confirmed orders hold all their stock, cancelled ones none", nothing_sold_unreserved),
    ("Each change was published exactly once, in order", each_change_once),
    ("No password and no token is in any topic or log", secrets_stay_secret),
)


def _repeated(what: str, ids: Iterable[str]) -> Faults:
    yield from (f"{count} {what} {each}" for each, count in Counter(ids).items() if count > 1)


def _difference(what: str, these: Iterable[str], those: Iterable[str]) -> Faults:
    yield from (f"{each} {what}" for each in sorted(set(these) - set(those)))


def _dead_letters(evidence: Evidence) -> Faults:
    for record in evidence.log.records:
        if record.topic.endswith(topics.DEAD_LETTER_SUFFIX):
            yield f"a message was given up: {record.position}"


def _delta(move: StockUpdated) -> int:
    return move.quantity if move.operation is StockOperation.INCREASE else -move.quantity


def _held(moves: Iterable[StockUpdated]) -> Counter[tuple[str, str]]:
    held: Counter[tuple[str, str]] = Counter()
    for move in moves:
        if move.order_id is not None:
            held[move.order_id, move.product_id] -= _delta(move)
    return held


def _holding(orders: Mapping[str, OrderDocument]) -> dict[tuple[str, str], int]:
    return {
        (order.order_id, product_id): quantity
        for order in orders.values()
        if order.status in _HOLDING
        for product_id, quantity in _quantities(order).items()
    }


def _quantities(order: OrderDocument) -> dict[str, int]:
    quantities: Counter[str] = Counter()
    for line in order.items:
        quantities[line.product_id] += line.quantity
    return dict(quantities)


def _scattered_keys(records: Iterable[Record]) -> Faults:
    partitions: dict[tuple[str, bytes], set[int]] = {}
    for record in records:
        if record.key is not None:
            partitions.setdefault((record.topic, record.key), set()).add(record.partition)
    for (topic, key), found in partitions.items():
        if len(found) > 1:
            yield f"key {key.decode(errors='replace')} of {topic} is in partitions {sorted(found)}"


def _is_lawful(path: list[OrderStatus]) -> bool:
    lawful = all(step in TRANSITIONS[here] for here, step in pairwise(path))
    return path[0] is OrderStatus.PENDING and lawful


def _product_versions(evidence: Evidence) -> Faults:
    log = evidence.log
    by_topic: dict[str, Sequence[_ProductChange]] = {
        ProductCreated.topic: log.events(ProductCreated),
        ProductUpdated.topic: log.events(ProductUpdated),
        StockUpdated.topic: log.events(StockUpdated),
    }
    seen: dict[str, list[int]] = {}
    for topic, changes in by_topic.items():
        for change in changes:
            earlier = seen.setdefault(f"{topic} of product {change.product_id}", [0])
            if change.version <= earlier[-1]:
                yield f"{topic} of product {change.product_id}: version {change.version} came late"
            earlier.append(change.version)
    for product_id, product in evidence.products.items():
        published = [
            v for topic in by_topic for v in seen.get(f"{topic} of product {product_id}", [])
        ]
        if sorted(filter(None, published)) != list(range(1, product.version + 1)):
            yield f"product {product_id}: versions 1 to {product.version} are not there once each"
