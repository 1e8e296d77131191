"""Invariants 1 and 2: one outcome for every command, one order for every CREATE_ORDER."""

from collections import Counter
from collections.abc import Iterator

from tests.simulation.evidence import Evidence

from apps.gateway.effects import order_id_of
from tradex_core.clock import epoch_ms
from tradex_core.events.order import CreateOrder, OrderCreated
from tradex_core.events.reply import CommandReplied, OutcomeStatus
from tradex_core.events.topics import COMMANDS
from tradex_core.ids import OperationId
from tradex_core.orders.order import Order
from tradex_core.orders.ports import ORDERS


def one_outcome(evidence: Evidence) -> Iterator[str]:
    """Every command that was taken has exactly one outcome, and no other one ever showed."""
    outcomes: dict[str, list[CommandReplied]] = {}
    for reply in evidence.replies:
        outcomes.setdefault(reply.operation_id, []).append(reply)
    for operation_id, replies in outcomes.items():
        if len(replies) > 1:
            told = " and ".join(_said(reply) for reply in replies)
            yield f"operation {operation_id} ended {len(replies)} times: {told}"
        if operation_id not in evidence.asked and not _is_unsigned(operation_id):
            yield f"operation {operation_id} ended, and nobody had asked for it"
    promised = {
        operation_id for deed in evidence.history.deeds for operation_id in deed.operation_ids
    }
    for operation_id in sorted(promised | set(evidence.asked)):
        if operation_id not in outcomes:
            told = "was accepted" if operation_id in promised else "was published"
            yield f"operation {operation_id} {told} and never ended"
        if operation_id in promised and operation_id not in evidence.asked:
            yield f"operation {operation_id} was accepted and is in no topic"


def outcomes_never_change(evidence: Evidence) -> Iterator[str]:
    """Whatever a client saw of an operation once it was over, it saw ever after, and is true."""
    ended = {reply.operation_id: reply for reply in evidence.replies}
    for look in evidence.history.looks:
        if look.what != "operation" or look.status == "pending":
            continue
        reply = ended.get(look.thing)
        if reply is None:
            yield f"{look.client} saw {look.thing} {look.status}, and it never ended"
            continue
        slug = reply.error.type if reply.error else ""
        if (look.status, look.detail) != (reply.status.value, slug):
            saw = f"{look.status} {look.detail}".strip()
            yield f"{look.client} saw operation {look.thing} {saw}, and it ended {_said(reply)}"
    yield from _nothing_runs_back(evidence)


def one_order(evidence: Evidence) -> Iterator[str]:
    """A CREATE_ORDER makes one order if it succeeds, and none if it does not."""
    ended = {reply.operation_id: reply.status for reply in evidence.replies}
    created = Counter(event.order_id for event in evidence.events(OrderCreated))
    for order_id, times in created.items():
        if times > 1:
            yield f"order {order_id} was created {times} times"
    kept = set(evidence.states("orders", ORDERS))
    made: dict[str, str] = {}
    for asked in evidence.asked.values():
        if not isinstance(asked.payload, CreateOrder):
            continue
        order_id = order_id_of(OperationId(asked.operation_id))
        made[order_id] = asked.operation_id
        succeeded = ended.get(asked.operation_id) is OutcomeStatus.SUCCEEDED
        if succeeded != (order_id in kept):
            has = "has an order" if order_id in kept else "has no order"
            yield f"operation {asked.operation_id} {has} and ended {ended.get(asked.operation_id)}"
    strangers = {
        reply.subject or _id_in(reply)
        for reply in evidence.replies
        if _is_unsigned(reply.operation_id)
    }
    for order_id in sorted(kept - set(made) - strangers):
        yield f"order {order_id} came from nobody's command"
    for order_id in sorted(kept ^ set(created)):
        yield f"order {order_id} is {'kept and not told of' if order_id in kept else 'a ghost'}"


def _id_in(reply: CommandReplied) -> str:
    text = bytes(reply.result).decode()
    return text.partition('"orderId":"')[2].partition('"')[0]


def _is_unsigned(operation_id: str) -> bool:
    """Whether it is a stranger's: known by an id of another kind, or by where it lies."""
    return operation_id.startswith(("unsigned/", *COMMANDS))


def _said(reply: CommandReplied) -> str:
    return f"{reply.status.value} {reply.error.type}" if reply.error else reply.status.value


def _nothing_runs_back(evidence: Evidence) -> Iterator[str]:
    """What was seen later is never older, in whichever gateway's answer it came."""
    ranks = {"pending": 1, "confirmed": 2, "processing": 3, "shipped": 4, "delivered": 5}
    furthest: dict[str, list[tuple[float, int, str]]] = {}
    for look in evidence.history.looks:
        rank = ranks.get(look.status, 6)
        for ended, seen, status in furthest.get(look.thing, ()):
            if ended < look.began and rank < seen:
                yield f"{look.client} saw {look.what} {look.thing} {look.status} after {status}"
        furthest.setdefault(look.thing, []).append((look.at, rank, look.status))


def streams_miss_nothing(evidence: Evidence) -> Iterator[str]:
    """What is told live of an order is its life from the start, without a gap, each step once.

    A step that the projector gave up, and nobody has sent again yet, may be missing.
    """
    given_up = {letter.key for letter in evidence.letters if letter.consumer == "projector"}
    for stream in evidence.history.streams:
        facts = evidence.world.databases["orders"].histories.get(stream.order_id, [])
        ages = range(1, len(facts) + 1)
        life = [Order.replay(facts[:age]).state.status.value for age in ages]
        told = [status for _, status in stream.steps]
        if stream.order_id.encode() in given_up:
            life = [status for status in life if status in told]
        if told != life[: len(told)]:
            yield f"{stream.client} was told live of {stream.order_id}: {told}, and it was {life}"


def nothing_is_begun_too_late(evidence: Evidence) -> Iterator[str]:
    """A command whose deadline had passed did nothing."""
    for reply in evidence.replies:
        asked = evidence.asked.get(reply.operation_id)
        if asked is None or asked.deadline_ms is None:
            continue
        too_late = epoch_ms(reply.completed_at) > asked.deadline_ms
        if too_late and reply.status is OutcomeStatus.SUCCEEDED:
            yield f"operation {reply.operation_id} was begun after its deadline"
