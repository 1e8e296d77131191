"""Looking products up."""

import pytest
from tests.builders.products import MUG, NO_PRODUCT, TEA, ProductsInDict, a_product

from tradex_core.errors import InvalidInput
from tradex_core.events.product import GetProduct
from tradex_core.products.errors import ProductNotFound
from tradex_core.products.get_product import get_product


def test_a_product_is_found_by_its_id() -> None:
    product = a_product(TEA)
    found = get_product(
        GetProduct(product_id=TEA), products=ProductsInDict(product, a_product(MUG))
    )
    assert found is product


def test_a_product_is_found_by_its_sku() -> None:
    product = a_product(TEA)
    found = get_product(
        GetProduct(sku=product.state.sku), products=ProductsInDict(a_product(MUG), product)
    )
    assert found is product


@pytest.mark.parametrize("query", [GetProduct(product_id=NO_PRODUCT), GetProduct(sku="NONE")])
def test_an_unknown_product_is_not_found(query: GetProduct) -> None:
    with pytest.raises(ProductNotFound):
        get_product(query, products=ProductsInDict(a_product()))


def test_a_query_that_names_nothing_is_not_valid() -> None:
    with pytest.raises(InvalidInput):
        get_product(GetProduct(), products=ProductsInDict(a_product()))
