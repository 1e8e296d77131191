"""What has to be loaded for the messages about orders."""

from tradex_core.orders.ports import ORDERS


def needs_of_order(order_id: str) -> list[tuple[str, str]]:
    """Return the needs of every message about an order: the order itself."""
    return [(ORDERS, order_id)]
