"""What has to be loaded for each message about products and their stock."""

from tradex_core.events.order import OrderCreated, OrderUpdated
from tradex_core.events.product import AdjustStock, CreateProduct, GetProduct
from tradex_core.products.ports import MOVEMENTS, PRODUCTS, PRODUCTS_BY_SKU
from tradex_core.products.release_stock import releases_stock

Needs = list[tuple[str, str]]


def needs_of_creation(command: CreateProduct, product_id: str) -> Needs:
    """Return the products in whose place the new one would be."""
    return [(PRODUCTS, product_id), (PRODUCTS_BY_SKU, command.sku)]


def needs_of_product(product_id: str) -> Needs:
    """Return the product alone."""
    return [(PRODUCTS, product_id)]


def needs_of_query(command: GetProduct) -> Needs:
    """Return the product that is asked for, by its id or else by its sku."""
    if command.product_id is not None:
        return [(PRODUCTS, command.product_id)]
    return [] if command.sku is None else [(PRODUCTS_BY_SKU, command.sku)]


def needs_of_adjustment(command: AdjustStock, movement_id: str) -> Needs:
    """Return the product, and the movement if this adjustment was made before."""
    return [(PRODUCTS, command.product_id), (MOVEMENTS, movement_id)]


def needs_of_reservation(event: OrderCreated) -> Needs:
    """Return the products ordered, each once, and the order's movement."""
    products = dict.fromkeys(line.product_id for line in event.items)
    return [*((PRODUCTS, product_id) for product_id in products), (MOVEMENTS, event.order_id)]


def needs_of_release(event: OrderUpdated) -> Needs:
    """Return the movement of a cancelled order, which brings its products along."""
    if not releases_stock(event):
        return []
    return [(MOVEMENTS, event.order_id)]
