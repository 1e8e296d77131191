"""Changing products: by whom, and what of them."""

from datetime import timedelta

import pytest
from tests.builders.machines import FakeClock
from tests.builders.products import (
    ADMIN,
    BUYER,
    NOW,
    OTHER_SELLER,
    SELLER,
    ProductsInDict,
    a_product,
    update_command,
)

from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor
from tradex_core.events.product import ProductUpdated
from tradex_core.money import Money
from tradex_core.products.errors import ProductNotFound
from tradex_core.products.update_product import update_product

LATER = NOW + timedelta(seconds=1)
CHANGE = update_command(name="Green tea", price=Money("12.00"), is_active=False)


@pytest.mark.parametrize("actor", [SELLER, ADMIN], ids=["its seller", "an admin"])
def test_what_is_named_of_a_product_is_changed_by(actor: Actor) -> None:
    product = a_product()
    before = product.state
    updated = update_product(
        CHANGE, actor=actor, products=ProductsInDict(product), clock=FakeClock(LATER)
    )
    assert updated is product
    expected = ProductUpdated(
        product_id=before.product_id,
        name="Green tea",
        description=before.description,
        sku=before.sku,
        price=Money("12.00"),
        stock=before.stock,
        category=before.category,
        image_url=before.image_url,
        is_active=False,
        seller_id=before.seller_id,
        version=2,
        created_at=NOW,
        updated_at=LATER,
    )
    assert [expected] == product.take_events()


def test_an_update_that_changes_nothing_succeeds_and_tells_nothing() -> None:
    product = a_product()
    updated = update_product(
        update_command(name=product.state.name),
        actor=SELLER,
        products=ProductsInDict(product),
        clock=FakeClock(LATER),
    )
    assert 1 == updated.state.version
    assert [] == updated.take_events()


def test_the_role_of_a_buyer_may_not_change_a_product() -> None:
    with pytest.raises(Forbidden):
        update_product(CHANGE, actor=BUYER, products=ProductsInDict(a_product()), clock=FakeClock())


def test_somebody_elses_product_is_answered_as_an_unknown_one() -> None:
    product = a_product()
    details = []
    for products in (ProductsInDict(product), ProductsInDict()):
        with pytest.raises(ProductNotFound) as refused:
            update_product(CHANGE, actor=OTHER_SELLER, products=products, clock=FakeClock())
        details.append(refused.value.detail)
    assert [details[0]] * 2 == details
    assert 1 == product.state.version


def test_a_product_without_a_seller_is_the_admins_alone() -> None:
    products = ProductsInDict(a_product(seller_id=None))
    with pytest.raises(ProductNotFound):
        update_product(CHANGE, actor=SELLER, products=products, clock=FakeClock())
    updated = update_product(CHANGE, actor=ADMIN, products=products, clock=FakeClock())
    assert "Green tea" == updated.state.name
