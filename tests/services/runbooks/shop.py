"""Somebody who orders while things go wrong."""

import asyncio
from dataclasses import dataclass
from typing import Any

from tests.services.faults.clients import Buyer

_LOOK_AGAIN_SECONDS = 0.1
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Shop:
    """A buyer, and the product that they order."""

    buyer: Buyer
    product: dict[str, Any]

    async def order(self) -> str:
        """Order one piece, until it is accepted; return the order's id."""
        items = {"items": [{"productId": self.product["productId"], "quantity": 1}]}
        attempt = await self.buyer.insist("order", "/orders", items)
        assert 202 == attempt.status, attempt
        return str(attempt.resource).rsplit("/", 1)[-1]

    async def until(self, order_id: str, status: str) -> None:
        """Wait until an order is shown with a status."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while await self.status(order_id) != status:  # noqa: ASYNC110 - it is elsewhere
                await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def status(self, order_id: str) -> str | None:
        """Return what an order is shown as; None where it is not."""
        attempt = await self.buyer.ask("read", "GET", f"/orders/{order_id}")
        return str(attempt.answer["status"]) if attempt.status == 200 else None
