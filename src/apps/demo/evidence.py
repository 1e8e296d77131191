"""What the invariants are judged by: what the API says, what the topics hold, what was logged."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.demo.client import ApiClient
from apps.demo.concurrency import each
from apps.demo.log import Log, Readable
from apps.demo.replay import Placed, Replay
from tradex_core.events.order import OrderDocument
from tradex_core.events.product import ProductDocument

_READING = 16


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What is known of a marketplace at rest, from the outside.

    `placed` holds what was seen of each order at the time, `operations` and `orders` what the API
    says of them now. By product id: the stock at first, and how many the seller put in since.
    """

    placed: tuple[Placed, ...]
    operations: Mapping[str, str]
    orders: Mapping[str, OrderDocument]
    products: Mapping[str, ProductDocument]
    initial: Mapping[str, int]
    replenished: Mapping[str, int]
    log: Log
    secrets: frozenset[str] = field(repr=False)
    logged: str = field(default="", repr=False)


async def gather(replay: Replay, *, api: ApiClient, broker: Readable, logged: str) -> Evidence:
    """Look at everything once more, through the API and in the topics; raises ApiError."""
    placed = tuple(replay.placed)

    async def operation(one: Placed) -> tuple[str, str]:
        token = replay.token_of(one.order.customer)
        found = await api.operation(token, one.operation_id)
        return one.operation_id, found.status

    return Evidence(
        placed=placed,
        operations=dict(await each(placed, operation, at_once=_READING)),
        orders={order.order_id: order for order in await api.orders(replay.admin_token)},
        products={product.product_id: product for product in await api.products()},
        initial=replay.shop.initial_stock,
        replenished=replay.shop.replenished,
        log=await Log.read(broker),
        secrets=frozenset(replay.secrets),
        logged=logged,
    )
