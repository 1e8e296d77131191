import pytest
from msgspec.structs import replace
from tests.builders.views import PRODUCT_ID, a_product_view, kept_under

from tradex_core.views.loaded import LoadedViews


def test_a_view_is_found_as_it_was_loaded_and_then_as_it_was_last_put() -> None:
    views, view = LoadedViews(), a_product_view()
    views.read[kept_under(view)] = view
    assert view is views.products.find(view.product_id)

    for name in ("Chang", "Ikura"):
        views.products.put(replace(view, name=name))
    found = views.products.find(view.product_id)
    assert found is not None
    assert "Ikura" == found.name
    assert view is views.read[kept_under(view)]


def test_a_view_that_is_not_there_is_none() -> None:
    views = LoadedViews()
    views.read["product_views", PRODUCT_ID] = None
    assert views.products.find(PRODUCT_ID) is None


def test_a_view_that_nobody_named_is_a_mistake_in_the_needs() -> None:
    with pytest.raises(LookupError):
        LoadedViews().orders.find("unnamed")


def test_views_of_several_kinds_may_share_an_id() -> None:
    views, view = LoadedViews(), a_product_view()
    views.products.put(view)
    assert {("product_views", view.product_id): view} == views.put
    with pytest.raises(LookupError):
        views.users.find(view.product_id)
