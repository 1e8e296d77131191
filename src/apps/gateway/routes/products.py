"""Products over HTTP."""

from litestar import get, patch, post
from litestar.status_codes import HTTP_202_ACCEPTED
from msgspec import UNSET
from msgspec.structs import asdict

from apps.gateway.answers import Answer, public_answer
from apps.gateway.bodies import NewProduct, ProductChanges, StockAdjustment
from apps.gateway.collaborators import gateway_of
from apps.gateway.commands import Ask
from apps.gateway.effects import ADJUST_STOCK, CREATE_PRODUCT, UPDATE_PRODUCT, product_id_of
from apps.gateway.pagination import Query, page_answer
from apps.gateway.policy import Whose
from apps.gateway.reading import (
    HttpRequest,
    InvalidBody,
    actor_of,
    read_body,
    reader_of,
    whose_for,
)
from apps.gateway.routes.path_ids import object_id_in
from tradex_core.events.envelope import Actor
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.ids import OperationId, ProductId
from tradex_core.products.errors import ProductNotFound
from tradex_core.views.listing import ProductFilter, ProductSort
from tradex_core.views.ports import ViewQueries
from tradex_core.views.product_view import ProductView


@post("/v1/products", name="createProduct", status_code=HTTP_202_ACCEPTED)
async def create_product(request: HttpRequest) -> Answer:
    """Put a product into the catalogue."""
    gateway = gateway_of(request)
    given = await read_body(request, NewProduct)
    actor = actor_of(request)

    def build(operation_id: OperationId) -> CreateProduct:
        return CreateProduct(
            **asdict(given.value), product_id=product_id_of(operation_id), seller_id=actor.user_id
        )

    ask = Ask(effect=CREATE_PRODUCT, build=build, actor=actor, data=given.data)
    return await gateway.commands.submit(request, ask)


@patch("/v1/products/{product_id:str}", name="updateProduct", status_code=HTTP_202_ACCEPTED)
async def update_product(request: HttpRequest) -> Answer:
    """Change what the catalogue shows of a product; what is left out stays."""
    gateway = gateway_of(request)
    product_id = _product_id(request)
    given = await read_body(request, ProductChanges)
    changes = asdict(given.value)
    if all(value is UNSET for value in changes.values()):
        detail = "Name at least one field to change."
        raise InvalidBody(detail)
    await _require_theirs(product_id, request, gateway.views)
    ask = Ask(
        effect=UPDATE_PRODUCT,
        build=lambda _: UpdateProduct(product_id, **changes),
        actor=actor_of(request),
        data=given.data,
    )
    return await gateway.commands.submit(request, ask)


@post("/v1/products/{product_id:str}/stock", name="adjustStock", status_code=HTTP_202_ACCEPTED)
async def adjust_stock(request: HttpRequest) -> Answer:
    """Put products into stock, or take them out of it."""
    gateway = gateway_of(request)
    product_id = _product_id(request)
    given = await read_body(request, StockAdjustment)
    await _require_theirs(product_id, request, gateway.views)
    ask = Ask(
        effect=ADJUST_STOCK,
        build=lambda _: AdjustStock(product_id, given.value.operation, given.value.quantity),
        actor=actor_of(request),
        data=given.data,
    )
    return await gateway.commands.submit(request, ask)


@get("/v1/products", name="listProducts")
async def list_products(request: HttpRequest) -> Answer:
    """List products; those that are not active are shown to their seller and to admins only."""
    gateway = gateway_of(request)
    query = Query(request, ("category", "q", "seller", "sort", "cursor", "limit"))
    sort = query.one_of("sort", ProductSort, tuple(ProductSort)) or ProductSort.NEWEST
    seller = query.text("seller")
    where = ProductFilter(
        category=query.text("category"),
        text=query.text("q"),
        seller=seller,
        include_inactive=_sees_inactive(reader_of(request), seller),
    )
    cut = query.cut(sort=sort)
    query.check()
    page = await gateway.reads.products(where, after=cut.after, limit=cut.limit, sort=sort)
    return page_answer(request, query, page, sort=sort, shown=ProductView.document)


@get("/v1/products/{product_id:str}", name="getProduct")
async def get_product(request: HttpRequest) -> Answer:
    """Show a product, also one that is not active any more."""
    gateway = gateway_of(request)
    product_id = _product_id(request)
    view = await gateway.reads.product(product_id)
    if view is None:
        raise ProductNotFound.of(product_id)
    return public_answer(view.document())


def _sees_inactive(actor: Actor | None, seller: str | None) -> bool:
    return actor is not None and (actor.is_admin or actor.user_id == seller)


def _product_id(request: HttpRequest) -> ProductId:
    product_id = object_id_in(request, "product_id")
    if product_id is None:
        raise ProductNotFound.of(request.scope["path_params"]["product_id"])
    return ProductId(product_id)


async def _require_theirs(product_id: ProductId, request: HttpRequest, views: ViewQueries) -> None:
    """Raise ProductNotFound where the view knows that the product is none of the caller's business.

    What the view does not know, the catalogue will tell.
    """
    if whose_for(request) is Whose.ANYBODYS:
        return
    view = await views.product(product_id)
    if view is not None and actor_of(request).user_id != view.seller_id:
        raise ProductNotFound.of(product_id)
