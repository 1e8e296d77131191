"""Putting products into the catalogue: whose they become, and what is refused."""

import pytest
from tests.builders.machines import FakeClock
from tests.builders.products import (
    ADMIN,
    ADMIN_ID,
    BUYER,
    MUG,
    NOW,
    SELLER,
    SELLER_ID,
    STRANGER_ID,
    TEA,
    ProductsInDict,
    a_product,
    create_product_command,
)

from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.product import CreateProduct, ProductCreated
from tradex_core.money import Money
from tradex_core.products.create_product import create_product
from tradex_core.products.errors import ProductExists, SkuTaken
from tradex_core.products.product import Product


def create(
    command: CreateProduct, *, actor: Actor | None, products: ProductsInDict | None = None
) -> Product:
    return create_product(
        command,
        actor=actor,
        product_id=TEA,
        products=ProductsInDict() if products is None else products,
        clock=FakeClock(),
    )


def test_a_sellers_product_is_in_the_catalogue_and_told_of_whole() -> None:
    products = ProductsInDict()
    product = create(create_product_command(), actor=SELLER, products=products)
    assert products.get(TEA) is product
    expected = ProductCreated(
        product_id=TEA,
        name="Tea",
        description="Leaves, loose",
        sku="TEA-1",
        price=Money("9.99"),
        stock=10,
        category="Beverages",
        image_url="https://example.com/tea.jpg",
        is_active=True,
        seller_id=SELLER_ID,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )
    assert [expected] == product.take_events()


@pytest.mark.parametrize(
    ("actor", "named", "expected"),
    [
        (SELLER, None, SELLER_ID),
        (SELLER, SELLER_ID, SELLER_ID),
        (ADMIN, None, ADMIN_ID),
        (ADMIN, STRANGER_ID, STRANGER_ID),
        (None, None, None),
        (None, STRANGER_ID, STRANGER_ID),
    ],
    ids=[
        "the seller who asks",
        "the seller who asks, by name",
        "the admin who asks",
        "the seller whom an admin names",
        "nobody, unsigned",
        "the seller named, unsigned",
    ],
)
def test_a_product_belongs_to(actor: Actor | None, named: str | None, expected: str | None) -> None:
    product = create(create_product_command(seller_id=named), actor=actor)
    assert expected == product.state.seller_id


@pytest.mark.parametrize(
    ("actor", "named"),
    [(SELLER, STRANGER_ID), (BUYER, None), (BUYER, BUYER.user_id)],
    ids=["a seller for another", "a buyer", "a buyer by name"],
)
def test_a_product_cannot_be_created_by(actor: Actor, named: str | None) -> None:
    products = ProductsInDict()
    with pytest.raises(Forbidden):
        create(create_product_command(seller_id=named), actor=actor, products=products)
    assert {} == products.by_id


def test_a_sku_is_used_once() -> None:
    taken = a_product(MUG)
    with pytest.raises(SkuTaken):
        create(
            create_product_command(sku=taken.state.sku),
            actor=SELLER,
            products=ProductsInDict(taken),
        )


def test_a_product_id_is_used_once() -> None:
    existing = a_product(TEA)
    before = existing.state
    with pytest.raises(ProductExists):
        create(create_product_command(), actor=SELLER, products=ProductsInDict(existing))
    assert before is existing.state
