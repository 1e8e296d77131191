"""What is refused of products and their stock."""

from typing import Self

from tradex_core.errors import Kind, Refusal


class ProductNotFound(Refusal):
    """There is no such product, or it is somebody else's: the answer does not tell which."""

    kind = Kind.NOT_FOUND
    slug = "product_not_found"
    title = "There is no such product"

    @classmethod
    def of(cls, product_id: str) -> Self:
        """Refuse to find the product of this id."""
        return cls(f"there is no product {product_id} that you may use")

    @classmethod
    def of_sku(cls, sku: str) -> Self:
        """Refuse to find the product of this sku."""
        return cls(f"there is no product with the sku {sku}")


class ProductExists(Refusal):
    """The product's id is taken."""

    kind = Kind.CONFLICT
    slug = "product_exists"
    title = "The product exists already"

    @classmethod
    def of(cls, product_id: str) -> Self:
        """Refuse to create this product again."""
        return cls(f"there is a product {product_id} already; create a new one under another id")


class SkuTaken(Refusal):
    """Another product has the sku."""

    kind = Kind.CONFLICT
    slug = "sku_taken"
    title = "The sku is taken"

    @classmethod
    def of(cls, sku: str) -> Self:
        """Refuse this sku."""
        return cls(f"another product has the sku {sku}; choose another")


class InsufficientStock(Refusal):
    """More would be taken out of stock than is in it."""

    kind = Kind.CONFLICT
    slug = "insufficient_stock"
    title = "There is not enough in stock"

    @classmethod
    def of(cls, asked: int, stock: int) -> Self:
        """Refuse to take so many out of so many."""
        return cls(f"{asked} cannot be taken out of a stock of {stock}")


class StockLimitExceeded(Refusal):
    """More would be in stock than a stock can hold."""

    kind = Kind.CONFLICT
    slug = "stock_limit_exceeded"
    title = "There would be too much in stock"
