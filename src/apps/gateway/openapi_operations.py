"""Every operation of the API, described: what it takes, what it answers, what can go wrong."""

from typing import Any, Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from apps.gateway import openapi_examples as examples
from apps.gateway.bodies import (
    Login,
    NewOrder,
    NewProduct,
    NextStatus,
    NoBody,
    ProductChanges,
    Registration,
    SessionToken,
    StockAdjustment,
)
from apps.gateway.operation_document import OperationDocument
from apps.gateway.pagination import PageOf
from apps.gateway.tokens import Tokens
from tradex_core.events.fields import Wire
from tradex_core.events.order import OrderDocument, OrderStatus
from tradex_core.events.product import ProductDocument
from tradex_core.events.user import UserDocument
from tradex_core.views.listing import ProductSort


class Accepted(Wire, frozen=True):
    """A command was accepted; the operation says what becomes of it."""

    operation_id: str
    status: Literal["pending", "succeeded", "failed"]
    resource: str | None


class ProductPage(PageOf[ProductDocument], frozen=True):
    """A page of products."""


class OrderPage(PageOf[OrderDocument], frozen=True):
    """A page of orders."""


class Liveness(Wire, frozen=True):
    """The process answers."""

    status: Literal["live"]


class Startup(Wire, frozen=True):
    """The gateway has begun."""

    status: Literal["started"]


class Readiness(Wire, frozen=True):
    """Everything that is needed is there."""

    status: Literal["ready"]


class KeySet(Wire, frozen=True):
    """A JWK Set (RFC 7517)."""

    keys: tuple[dict[str, str], ...]


class Shown(Struct, frozen=True, kw_only=True):
    """An answer that is no problem."""

    what: str
    shape: type[Struct] | None = None
    example: Any = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()


class Parameter(Struct, frozen=True, kw_only=True):
    """A query parameter."""

    name: str
    what: str
    values: tuple[str, ...] = ()


class Described(Struct, frozen=True, kw_only=True):
    """An operation of the API. `problems` are the errors that it can raise, as examples."""

    method: str
    path: str
    id: str
    tag: str
    summary: str
    answers: dict[int, Shown]
    problems: tuple[Exception, ...] = ()
    body: type[Struct] | None = None
    example: Any = None
    body_required: bool = True
    query: tuple[Parameter, ...] = ()
    headers: tuple[str, ...] = ()
    secured: bool | None = None


_SEE_OTHERS: Final = (examples.UNAUTHENTICATED, examples.INVALID_TOKEN)
_ROLES: Final = (*_SEE_OTHERS, examples.FORBIDDEN)
_COMMANDS: Final = (
    examples.INVALID_BODY,
    examples.INVALID_KEY,
    examples.TOO_LARGE,
    examples.UNSUPPORTED,
    examples.KEY_REUSED,
    examples.DISCARDED,
    examples.UNAVAILABLE,
)
_ACCOUNTS_COMMANDS: Final = (*_COMMANDS, *_ROLES, examples.TOO_MANY_COMMANDS)
_WISHES: Final = ("Prefer", "IdempotencyKey", "Traceparent")
_TOLD: Final = ("Location", "PreferenceApplied", "IdempotentReplayed")

_CURSOR: Final = Parameter(name="cursor", what="Where to go on: the `nextCursor` of a page before.")
_LIMIT: Final = Parameter(name="limit", what="How many at most, 1 to 100; 20 if not given.")


def _accepted(resource: str | None) -> Shown:
    return Shown(
        what="The command was accepted; follow its operation.",
        shape=Accepted,
        example=examples.accepted(resource),
        headers=("Location", "RetryAfter", "PreferenceApplied", "IdempotentReplayed"),
    )


def _done(what: str, shape: type[Struct], example: Any) -> Shown:  # noqa: ANN401 - any JSON
    return Shown(what=what, shape=shape, example=example, headers=_TOLD)


_PRODUCT_PATH: Final = f"/v1/products/{examples.PRODUCT_ID}"
_ORDER_PATH: Final = f"/v1/orders/{examples.ORDER_ID}"
_PRODUCT_DONE: Final = _done("`Prefer: wait`: it is done.", ProductDocument, examples.PRODUCT)
_ORDER_DONE: Final = _done("`Prefer: wait`: it is done.", OrderDocument, examples.ORDER)
_SIGNED_IN: Final = _done("Signed in.", Tokens, examples.TOKENS)
_STREAM: Final = Shown(
    what="A stream of server-sent events that ends with what it tells of.",
    media_type="text/event-stream",
    example=examples.ORDER_EVENTS,
)
_OVER: Final = Shown(what="`Last-Event-ID` was the last event: there is nothing more to tell.")

_AUTH: Final = (
    Described(
        method="POST",
        path="/v1/auth/register",
        id="register",
        tag="Accounts",
        summary="Make an account for a buyer or a seller",
        body=Registration,
        example=examples.REGISTRATION,
        answers={
            201: _done("`Prefer: wait`: the account is made.", UserDocument, examples.USER),
            202: _accepted("/v1/me"),
        },
        problems=(
            *_COMMANDS,
            examples.WEAK_PASSWORD,
            examples.ROLE_NOT_ALLOWED,
            examples.EMAIL_TAKEN,
            examples.TOO_MANY,
        ),
        headers=_WISHES,
    ),
    Described(
        method="POST",
        path="/v1/auth/login",
        id="login",
        tag="Accounts",
        summary="Open a session; waits for 5 s unless Prefer says otherwise",
        body=Login,
        example=examples.LOGIN,
        answers={200: _SIGNED_IN, 202: _accepted(None)},
        problems=(
            *_COMMANDS,
            examples.INVALID_CREDENTIALS,
            examples.SESSION_ENDED,
            examples.EXPIRED,
            examples.TOO_MANY,
        ),
        headers=_WISHES,
    ),
    Described(
        method="POST",
        path="/v1/auth/refresh",
        id="refresh",
        tag="Accounts",
        summary="Replace a refresh token; waits for 5 s unless Prefer says otherwise",
        body=SessionToken,
        example=examples.SESSION_TOKEN,
        answers={200: _SIGNED_IN, 202: _accepted(None)},
        problems=(*_COMMANDS, examples.SESSION_ENDED, examples.INVALID_TOKEN, examples.EXPIRED),
        headers=_WISHES,
    ),
    Described(
        method="POST",
        path="/v1/auth/logout",
        id="logout",
        tag="Accounts",
        summary="End a session",
        body=SessionToken,
        example=examples.SESSION_TOKEN,
        answers={
            202: _accepted(None),
            204: Shown(what="`Prefer: wait`: the session is over.", headers=_TOLD[1:]),
        },
        problems=(*_COMMANDS, examples.INVALID_TOKEN),
        headers=_WISHES,
    ),
    Described(
        method="GET",
        path="/v1/me",
        id="me",
        tag="Accounts",
        summary="Show who is signed in",
        answers={200: Shown(what="The user.", shape=UserDocument, example=examples.USER)},
        problems=(*_SEE_OTHERS, examples.UNAVAILABLE),
        secured=True,
    ),
)

_PRODUCTS: Final = (
    Described(
        method="POST",
        path="/v1/products",
        id="createProduct",
        tag="Products",
        summary="Put a product into the catalogue",
        body=NewProduct,
        example=examples.NEW_PRODUCT,
        answers={
            201: replace(_PRODUCT_DONE, what="`Prefer: wait`: the product is there."),
            202: _accepted(_PRODUCT_PATH),
        },
        problems=(*_ACCOUNTS_COMMANDS, examples.SKU_TAKEN),
        headers=_WISHES,
        secured=True,
    ),
    Described(
        method="PATCH",
        path="/v1/products/{product_id}",
        id="updateProduct",
        tag="Products",
        summary="Change what the catalogue shows of a product",
        body=ProductChanges,
        example=examples.PRODUCT_CHANGES,
        answers={200: _PRODUCT_DONE, 202: _accepted(_PRODUCT_PATH)},
        problems=(*_ACCOUNTS_COMMANDS, examples.PRODUCT_NOT_FOUND),
        headers=_WISHES,
        secured=True,
    ),
    Described(
        method="POST",
        path="/v1/products/{product_id}/stock",
        id="adjustStock",
        tag="Products",
        summary="Put products into stock, or take them out of it",
        body=StockAdjustment,
        example=examples.STOCK_ADJUSTMENT,
        answers={200: _PRODUCT_DONE, 202: _accepted(_PRODUCT_PATH)},
        problems=(
            *_ACCOUNTS_COMMANDS,
            examples.PRODUCT_NOT_FOUND,
            examples.INSUFFICIENT_STOCK,
            examples.STOCK_LIMIT,
        ),
        headers=_WISHES,
        secured=True,
    ),
    Described(
        method="GET",
        path="/v1/products",
        id="listProducts",
        tag="Products",
        summary="List products",
        query=(
            Parameter(name="category", what="Only those of this category."),
            Parameter(name="q", what="Only those with this text in name, sku or description."),
            Parameter(
                name="seller",
                what="Only those of this user; the seller and admins also see inactive ones.",
            ),
            Parameter(
                name="sort",
                what="In which order; `newest` if not given.",
                values=tuple(ProductSort),
            ),
            _CURSOR,
            _LIMIT,
        ),
        answers={
            200: Shown(
                what="A page.",
                shape=ProductPage,
                example=examples.page_of(examples.PRODUCT),
                headers=("Link",),
            )
        },
        problems=(examples.INVALID_QUERY, examples.INVALID_TOKEN, examples.UNAVAILABLE),
        secured=False,
    ),
    Described(
        method="GET",
        path="/v1/products/{product_id}",
        id="getProduct",
        tag="Products",
        summary="Show a product",
        answers={200: Shown(what="The product.", shape=ProductDocument, example=examples.PRODUCT)},
        problems=(examples.PRODUCT_NOT_FOUND, examples.INVALID_TOKEN, examples.UNAVAILABLE),
        secured=False,
    ),
)

_ORDERS: Final = (
    Described(
        method="POST",
        path="/v1/orders",
        id="createOrder",
        tag="Orders",
        summary="Order products; a price is what the client saw, and may be left out",
        body=NewOrder,
        example=examples.NEW_ORDER,
        answers={
            201: replace(_ORDER_DONE, what="`Prefer: wait`: the order is placed."),
            202: _accepted(_ORDER_PATH),
        },
        problems=(
            *_ACCOUNTS_COMMANDS,
            examples.PRICE_CHANGED,
            examples.UNKNOWN_PRODUCT,
            examples.TOTAL_TOO_LARGE,
        ),
        headers=_WISHES,
        secured=True,
    ),
    Described(
        method="POST",
        path="/v1/orders/{order_id}/cancel",
        id="cancelOrder",
        tag="Orders",
        summary="Give an order up",
        body=NoBody,
        example={},
        body_required=False,
        answers={200: _ORDER_DONE, 202: _accepted(_ORDER_PATH)},
        problems=(
            *_ACCOUNTS_COMMANDS,
            examples.ORDER_NOT_FOUND,
            examples.ILLEGAL_TRANSITION,
        ),
        headers=_WISHES,
        secured=True,
    ),
    Described(
        method="POST",
        path="/v1/orders/{order_id}/status",
        id="advanceOrder",
        tag="Orders",
        summary="Take an order one step further on its way",
        body=NextStatus,
        example=examples.NEXT_STATUS,
        answers={200: _ORDER_DONE, 202: _accepted(_ORDER_PATH)},
        problems=(
            *_ACCOUNTS_COMMANDS,
            examples.ORDER_NOT_FOUND,
            examples.ILLEGAL_TRANSITION,
        ),
        headers=_WISHES,
        secured=True,
    ),
    Described(
        method="GET",
        path="/v1/orders",
        id="listOrders",
        tag="Orders",
        summary="List the orders that you may see, newest first",
        query=(
            Parameter(
                name="status", what="Only those with this status.", values=tuple(OrderStatus)
            ),
            _CURSOR,
            _LIMIT,
        ),
        answers={
            200: Shown(
                what="A page.",
                shape=OrderPage,
                example=examples.page_of(examples.ORDER),
                headers=("Link",),
            )
        },
        problems=(examples.INVALID_QUERY, *_SEE_OTHERS, examples.UNAVAILABLE),
        secured=True,
    ),
    Described(
        method="GET",
        path="/v1/orders/{order_id}",
        id="getOrder",
        tag="Orders",
        summary="Show an order",
        answers={200: Shown(what="The order.", shape=OrderDocument, example=examples.ORDER)},
        problems=(*_SEE_OTHERS, examples.ORDER_NOT_FOUND, examples.UNAVAILABLE),
        secured=True,
    ),
    Described(
        method="GET",
        path="/v1/orders/{order_id}/events",
        id="followOrder",
        tag="Orders",
        summary="Follow an order, live: an event `status` for each step, its id the step's rank",
        answers={200: _STREAM, 204: _OVER},
        problems=(*_SEE_OTHERS, examples.ORDER_NOT_FOUND, examples.UNAVAILABLE),
        headers=("LastEventId",),
        secured=True,
    ),
)

_OPERATIONS: Final = (
    Described(
        method="GET",
        path="/v1/operations/{operation_id}",
        id="getOperation",
        tag="Operations",
        summary="Show what became of a command",
        answers={
            200: Shown(
                what="The operation.",
                shape=OperationDocument,
                example=examples.OPERATION,
                headers=("RetryAfter",),
            )
        },
        problems=(examples.INVALID_TOKEN, examples.OPERATION_NOT_FOUND, examples.UNAVAILABLE),
        secured=False,
    ),
    Described(
        method="GET",
        path="/v1/operations/{operation_id}/events",
        id="followOperation",
        tag="Operations",
        summary="Follow a command, live: an event `operation` when it is pending, one at its end",
        answers={200: replace(_STREAM, example=examples.OPERATION_EVENTS), 204: _OVER},
        problems=(examples.INVALID_TOKEN, examples.OPERATION_NOT_FOUND, examples.UNAVAILABLE),
        headers=("LastEventId",),
        secured=False,
    ),
    Described(
        method="GET",
        path="/health/live",
        id="live",
        tag="Health",
        summary="Whether the process answers",
        answers={200: Shown(what="It does.", shape=Liveness, example={"status": "live"})},
    ),
    Described(
        method="GET",
        path="/health/startup",
        id="startup",
        tag="Health",
        summary="Whether the gateway has begun",
        answers={200: Shown(what="It has.", shape=Startup, example={"status": "started"})},
    ),
    Described(
        method="GET",
        path="/health/ready",
        id="ready",
        tag="Health",
        summary="Whether everything that the gateway needs is there",
        answers={
            200: Shown(
                what="It is.",
                shape=Readiness,
                example={"status": "ready"},
            )
        },
        problems=(examples.NOT_READY,),
    ),
    Described(
        method="GET",
        path="/.well-known/jwks.json",
        id="jwks",
        tag="Accounts",
        summary="The public keys that access tokens are signed with",
        answers={200: Shown(what="The keys.", shape=KeySet, example=examples.JWKS)},
    ),
)

OPERATIONS: Final = (*_AUTH, *_PRODUCTS, *_ORDERS, *_OPERATIONS)
"""All of it but the description itself."""
