"""Messages for tests: commands with and without headers, events, records as they lie in a log."""

from datetime import datetime, timedelta

from msgspec import UNSET, UnsetType
from tests.builders.machines import NOW

from tradex_core.events import codec
from tradex_core.events.envelope import Actor, ActorSignatures, Envelope, Headers
from tradex_core.events.fields import Command, Event
from tradex_core.events.order import CancelOrder, CreateOrder, OrderLine
from tradex_core.events.stock import StockReserved
from tradex_core.events.user import Role
from tradex_core.ids import MessageId
from tradex_core.messaging.broker import Message, Record
from tradex_core.messaging.observer import Handled
from tradex_core.messaging.routes import Opened
from tradex_core.messaging.tracing import Trace
from tradex_core.money import Money

SIGNATURES = ActorSignatures(b"the key that all apps share")
BUYER = Actor(user_id="018d0c1e-8a00-7000-8000-0000000000b1", role=Role.BUYER)
ORDER_ID = "018d0c1e-8a00-7000-8000-00000000000a"
OPERATION_ID = MessageId("018d0c1e-8a00-7000-8000-0000000000f1")


def create_order(user_id: str = BUYER.user_id, *, order_id: str | None = ORDER_ID) -> CreateOrder:
    line = OrderLine(product_id="tea", quantity=2, price=Money("9.99"))
    return CreateOrder(user_id=user_id, items=(line,), order_id=order_id)


def cancel_order(order_id: str = ORDER_ID) -> CancelOrder:
    return CancelOrder(order_id=order_id)


def stock_reserved(order_id: str = ORDER_ID) -> StockReserved:
    return StockReserved(order_id=order_id, reserved_at=NOW)


def value_of(command: Command) -> bytes:
    """Return a command's value as the wire has it."""
    return codec.encode({"command": command.command, "data": command})


def an_envelope(
    message_id: str = OPERATION_ID,
    *,
    type: str = "a.type",  # noqa: A002
    time: datetime = NOW,
    deadline_ms: int | None = None,
) -> Envelope:
    return Envelope(
        id=MessageId(message_id),
        type=type,
        source="a test",
        time=time,
        correlation_id="a story",
        deadline_ms=deadline_ms,
    )


def bare(
    command: Command, *, key: str | UnsetType | None = UNSET, headers: Headers = ()
) -> Message:
    """Return a command as the original's clients write it: without headers of ours."""
    return Message(command.topic, _key(command, key), value_of(command), headers)


def unsigned(command: Command, message_id: str, *, key: str | UnsetType | None = UNSET) -> Message:
    """Return a command that has an id and no actor."""
    headers = an_envelope(message_id, type=command.command).to_headers()
    return bare(command, key=key, headers=headers)


def signed(
    command: Command,
    message_id: str = OPERATION_ID,
    *,
    actor: Actor = BUYER,
    key: str | UnsetType | None = UNSET,
    deadline_ms: int | None = None,
    headers: Headers = (),
    signatures: ActorSignatures = SIGNATURES,
) -> Message:
    """Return a command as the gateway publishes it; `headers` are added to its own."""
    value = value_of(command)
    signature = signatures.sign(
        message_id=message_id, type=command.command, actor=actor, value=value
    )
    envelope = Envelope(
        id=MessageId(message_id),
        type=command.command,
        source="gateway",
        time=NOW,
        correlation_id=message_id,
        actor=actor,
        signature=signature,
        deadline_ms=deadline_ms,
    )
    return Message(command.topic, _key(command, key), value, (*envelope.to_headers(), *headers))


def an_event(event: Event, message_id: str, *, headers: Headers = ()) -> Message:
    """Return an event as the relay publishes it; `headers` are added to its own."""
    envelope = an_envelope(message_id, type=event.topic)
    return Message(
        event.topic, event.key.encode(), codec.encode(event), (*envelope.to_headers(), *headers)
    )


def lying(message: Message, *, partition: int = 0, offset: int = 0) -> Record:
    """Return a message as it lies in the log."""
    return Record(
        message.topic, partition, offset, NOW, message.key, message.value, message.headers
    )


def a_record() -> Record:
    return lying(signed(cancel_order()))


def a_handled(
    payload: Command | Event | None = None,
    *,
    consumer: str = "orders",
    outcome: str = "done",
    age: timedelta = timedelta(milliseconds=3),
    trace: Trace | None = None,
) -> Handled:
    """Return what an observer hears of a message; without a payload, of a CANCEL_ORDER."""
    payload = payload or cancel_order()
    if isinstance(payload, Command):
        name, message, is_command = payload.command, signed(payload), True
    else:
        name, message, is_command = payload.topic, an_event(payload, OPERATION_ID), False
    opened = Opened(an_envelope(type=name), name, payload, None, None, is_command)
    return Handled(consumer, lying(message), opened, outcome, age, trace)


def with_headers(message: Message, **changed: bytes | None) -> Message:
    """Return a message with some headers replaced, or taken out (None); `_` stands for `-`.

    `ce_` headers keep their underscore.
    """
    headers = dict(message.headers)
    for name, value in changed.items():
        header = name if name in headers else name.replace("_", "-")
        headers.pop(header, None)
        if value is not None:
            headers[header] = value
    return Message(
        message.topic, message.key, message.value, tuple(headers.items()), message.partition
    )


def _key(command: Command, key: str | UnsetType | None) -> bytes | None:
    if key is UNSET:
        return command.key.encode()
    return None if key is None else key.encode()
