"""Invariants 5 and 6: each change once and in order per key, and no secret anywhere."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.simulation.attacks import MARK
from tests.simulation.evidence import Evidence

from tradex_core.events import topics
from tradex_core.events.order import OrderCreated, OrderStatus, OrderUpdated
from tradex_core.events.product import ProductCreated, ProductUpdated
from tradex_core.events.stock import StockUpdated
from tradex_core.events.user import UserRegistered
from tradex_core.orders.order import TRANSITIONS, Order
from tradex_core.orders.ports import ORDERS
from tradex_core.products.ports import PRODUCTS
from tradex_core.users.ports import USERS

_ProductEvent = ProductCreated | ProductUpdated | StockUpdated


def orders_tell_their_life(evidence: Evidence) -> Iterator[str]:
    """The log tells each step of an order once, in order, as its facts have it."""
    steps: dict[str, list[OrderStatus]] = {}
    for created in evidence.events(OrderCreated):
        steps.setdefault(created.order_id, []).append(created.status)
    for updated in evidence.events(OrderUpdated):
        steps.setdefault(updated.order_id, []).append(updated.status)
    histories = evidence.world.databases["orders"].histories
    for order_id, order in evidence.states("orders", ORDERS).items():
        path = steps.get(order_id, [])
        if not path or path[0] is not OrderStatus.PENDING or path[-1] is not order.status:
            yield f"order {order_id} is {order.status.value}, and the log says {_way(path)}"
        elif any(step not in TRANSITIONS[here] for here, step in pairwise(path)):
            yield f"order {order_id} went {_way(path)}"
        if len(path) != order.version:
            yield f"order {order_id} changed {order.version} times, and the log says {_way(path)}"
        if Order.replay(histories[order_id]).state != order:
            yield f"order {order_id} is not what its facts make of it"


def products_tell_their_versions(evidence: Evidence) -> Iterator[str]:
    """The log tells each version of a product once; in a topic they come in order."""
    told: dict[str, Counter[int]] = {}
    kinds: tuple[type[_ProductEvent], ...] = (ProductCreated, ProductUpdated, StockUpdated)
    for kind in kinds:
        last: dict[str, int] = {}
        for event in evidence.events(kind):
            told.setdefault(event.product_id, Counter())[event.version] += 1
            if event.version <= last.get(event.product_id, 0):
                yield f"{kind.topic}: version {event.version} of {event.product_id} came late"
            last[event.product_id] = event.version
    for product_id, product in evidence.states("catalog", PRODUCTS).items():
        expected = Counter(range(1, product.version + 1))
        if told.get(product_id) != expected:
            found = sorted(told.get(product_id, Counter()).elements())
            yield f"product {product_id} has version {product.version}, and the log tells {found}"


def users_register_once(evidence: Evidence) -> Iterator[str]:
    """Each account was told of once."""
    told = Counter(event.user_id for event in evidence.events(UserRegistered))
    if told != Counter(evidence.states("auth", USERS).keys()):
        yield f"the log tells of users {sorted(told.elements())}, and others are kept"


def repeats_are_equal(evidence: Evidence) -> Iterator[str]:
    """What lies in a topic twice under one id is the same both times, in the same partition."""
    for topic, records in evidence.records.items():
        if topic in topics.COMMANDS or topic.endswith(topics.DEAD_LETTER_SUFFIX):
            continue
        known: dict[bytes, tuple[int, bytes | None, bytes | None]] = {}
        for record in records:
            headers = dict(record.headers)
            message_id = headers.get("ce_id")
            if message_id is not None and MARK not in headers:
                content = (record.partition, record.key, record.value)
                if known.setdefault(message_id, content) != content:
                    yield f"{record.position} repeats {message_id.decode()} with another content"


def effects_keep_their_order(evidence: Evidence) -> Iterator[str]:
    """Whatever a service did for one key, it did in the order in which it was asked."""
    furthest: dict[tuple[str, str, bytes], tuple[int, str]] = {}
    done: set[tuple[str, str]] = set()
    for effect in evidence.journal:
        if effect.key is None or "#" in effect.handled_id or effect.consumer == "projector":
            continue
        if effect.handled_id in evidence.given_up or (effect.consumer, effect.handled_id) in done:
            continue
        done.add((effect.consumer, effect.handled_id))
        lane = (effect.consumer, effect.topic, effect.key)
        before, other = furthest.get(lane, (-1, ""))
        if effect.offset < before:
            yield (
                f"{effect.consumer} handled {effect.handled_id} of {effect.topic} after {other},"
                " which lies behind it"
            )
        furthest[lane] = max((before, other), (effect.offset, effect.handled_id))


def nothing_is_handled_twice(evidence: Evidence) -> Iterator[str]:
    """Of each message a service has one effect, however often it was delivered."""
    counted = Counter(
        (effect.consumer, effect.handled_id)
        for effect in evidence.journal
        if effect.consumer != "projector"
    )
    for (consumer, handled_id), times in counted.items():
        if times > 1:
            yield f"{consumer} handled {handled_id} {times} times"


def secrets_stay_secret(evidence: Evidence) -> Iterator[str]:
    """No password and no token lies in a topic, a database, the trace or the log."""
    places = {
        topic: b"\n".join(_bytes_of(evidence, topic)).decode(errors="replace")
        for topic in evidence.records
    }
    for name, database in evidence.world.databases.items():
        places[f"{name}'s database"] = repr(database.states)
    places["the log"] = "\n".join(evidence.world.logged)
    places["the idempotency records"] = repr(vars(evidence.world.idempotency))
    for place, text in places.items():
        for secret in evidence.world.secrets:
            if secret in text:
                yield f"a secret lies in {place}"
                break


def _bytes_of(evidence: Evidence, topic: str) -> Iterator[bytes]:
    for record in evidence.records[topic]:
        yield record.key or b""
        yield record.value or b""
        for name, value in record.headers:
            yield name.encode()
            yield value


def _way(path: list[OrderStatus]) -> str:
    return " → ".join(status.value for status in path) or "nothing"
