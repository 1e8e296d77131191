"""The yardstick of the orders service: its rows by binary COPY, and nothing else.

`python -m tests.bench.copying URL ORDERS` prints how many seconds it took.
"""

import asyncio
import gc
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from time import perf_counter
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg.types.json import Jsonb
from tests.bench.commands import signed_orders

_BATCH: Final = 500
_BUCKETS: Final = 16
_TABLES: Final = {
    "orders": {
        "id": "uuid",
        "userId": "varchar",
        "status": "varchar",
        "totalAmount": "numeric",
        "createdAt": "timestamptz",
        "updatedAt": "timestamptz",
        "reason": "varchar",
        "sellers": "text[]",
        "version": "int4",
    },
    "order_items": {
        "orderId": "uuid",
        "productId": "varchar",
        "quantity": "int4",
        "price": "numeric",
        "line": "int2",
    },
    "order_events": {"orderId": "uuid", "version": "int4", "event": "jsonb"},
    "inbox": {"message_id": "text", "handled_at": "timestamptz"},
    "outbox": {
        "bucket": "int2",
        "topic": "text",
        "key": "bytea",
        "payload": "bytea",
        "headers": "bytea",
    },
}

Rows = dict[str, list[Sequence[object]]]


class _Wire(msgspec.Struct, rename="camel", gc=False):
    pass


class _Line(_Wire):
    product_id: str
    quantity: int
    price: Decimal


class _Order(_Wire):
    user_id: str
    items: list[_Line]
    order_id: str


class _Ordering(msgspec.Struct, gc=False):
    data: _Order


_decoder: Final = msgspec.json.Decoder(_Ordering)
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


def _add(rows: Rows, number: int, value: bytes) -> None:
    """Add all the rows of an order, from its command's JSON."""
    order = _decoder.decode(value).data
    at, key = datetime.now(UTC), UUID(order.order_id)
    total = sum((line.price * line.quantity for line in order.items), Decimal())
    rows["orders"].append((key, order.user_id, "pending", total, at, at, None, [], 1))
    rows["order_items"] += [
        (key, line.product_id, line.quantity, line.price, place)
        for place, line in enumerate(order.items)
    ]
    shown = {
        "orderId": order.order_id,
        "userId": order.user_id,
        "items": order.items,
        "totalAmount": total,
    }
    fact = _encoder.encode({"type": "Placed", **shown, "at": at})
    rows["order_events"].append((key, 1, Jsonb(fact, dumps=bytes)))
    message_id = f"{order.order_id}/{number}"
    rows["inbox"].append((message_id, at))
    created = {**shown, "status": "pending", "createdAt": at}
    reply = {
        "operationId": message_id,
        "command": "CREATE_ORDER",
        "status": "succeeded",
        "completedAt": at,
        "result": {**created, "reason": None, "updatedAt": at},
        "subject": order.order_id,
    }
    for topic, payload in (("order.created", created), ("command.replies", reply)):
        headers = msgspec.msgpack.encode(_headers(topic, message_id, at))
        payload_json = _encoder.encode(payload)
        rows["outbox"].append((number % _BUCKETS, topic, key.bytes, payload_json, headers))


def _headers(topic: str, message_id: str, at: datetime) -> list[tuple[str, str]]:
    return [
        ("ce_specversion", "1.0"),
        ("ce_id", message_id),
        ("ce_type", topic),
        ("ce_source", "orders"),
        ("ce_time", at.isoformat()),
        ("content-type", "application/json"),
        ("correlation-id", message_id),
        ("causation-id", message_id),
    ]


def _copy(connection: psycopg.Connection[Any], rows: Rows) -> None:
    for table, columns in _TABLES.items():
        names = ", ".join(f'"{column}"' for column in columns)
        statement = f'COPY "{table}" ({names}) FROM STDIN (FORMAT BINARY)'
        with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types(list(columns.values()))
            for row in rows[table]:
                copy.write_row(row)


def _batches(values: Sequence[bytes]) -> Iterator[list[tuple[int, bytes]]]:
    numbered = iter(enumerate(values))
    while batch := list(islice(numbered, _BATCH)):
        yield batch


def main() -> None:
    """Copy so many orders and print the time."""
    url, count = sys.argv[1], int(sys.argv[2])
    messages = asyncio.run(signed_orders(count))
    values = [message.value or b"" for message in messages]
    gc.freeze()
    with psycopg.connect(url) as connection:
        began = perf_counter()
        for batch in _batches(values):
            rows: Rows = {table: [] for table in _TABLES}
            for number, value in batch:
                _add(rows, number, value)
            _copy(connection, rows)
            connection.commit()
        seconds = perf_counter() - began
    sys.stdout.buffer.write(msgspec.json.encode(seconds))


if __name__ == "__main__":
    main()
