"""What the API's description shows: an example of each body, each answer and each problem."""

from typing import Any, Final

from litestar.exceptions.http_exceptions import RequestEntityTooLarge

from apps.gateway.ambiguity import RepeatedHeader
from apps.gateway.gatekeeper import Unauthenticated
from apps.gateway.pagination import InvalidQuery
from apps.gateway.problems import FieldError
from apps.gateway.quota import TooManyRequests
from apps.gateway.reading import InvalidBody, UnsupportedMediaType
from apps.gateway.request_headers import InvalidIdempotencyKey
from apps.gateway.routes.auth import UnacceptablePassword
from apps.gateway.routes.health import NotReady
from apps.gateway.routes.orders import PriceChanged, UnknownProduct
from tradex_core.errors import DeadlineExceeded, Discarded, Forbidden
from tradex_core.events.order import OrderStatus
from tradex_core.events.user import Role
from tradex_core.ids import OrderId
from tradex_core.operations.errors import IdempotencyKeyReused, OperationNotFound, Unavailable
from tradex_core.orders.errors import IllegalTransition, OrderNotFound, OrderTotalTooLarge
from tradex_core.products.errors import (
    InsufficientStock,
    ProductNotFound,
    SkuTaken,
    StockLimitExceeded,
)
from tradex_core.users.errors import (
    EmailTaken,
    InvalidCredentials,
    InvalidToken,
    RoleNotAllowed,
    SessionEnded,
)

USER_ID: Final = "018d0c1e-8a00-7000-8000-0000000000b1"
SELLER_ID: Final = "018d0c1e-8a00-7000-8000-0000000000c1"
ORDER_ID: Final = "018d0c1e-8a00-7000-8000-00000000000a"
OPERATION_ID: Final = "018d0c1e-8a00-7000-8000-0000000000f1"
PRODUCT_ID: Final = "65a50000aaaaaaaaaaaaaaaa"
SESSION_ID: Final = "018d0c1e-8a00-7000-8000-0000000000d1"
TIME: Final = "2024-01-15T10:30:00Z"
REFRESH_TOKEN: Final = f"{SESSION_ID}.pB3sW0xv9y2mC7kQ4tR8uZ1nE6aH5jL0dF2gS3iO4wY"

Json = dict[str, Any]

REGISTRATION: Final[Json] = {
    "email": "ana@example.com",
    "password": "plum tram 42 quiet",
    "name": "Ana Trujillo",
    "role": "buyer",
}
LOGIN: Final[Json] = {"email": "ana@example.com", "password": "plum tram 42 quiet"}
SESSION_TOKEN: Final[Json] = {"refreshToken": REFRESH_TOKEN}
TOKENS: Final[Json] = {
    "accessToken": "eyJhbGciOiJFZDI1NTE5In0.eyJzdWIiOiIwMThkMGMxZSJ9.c2lnbmF0dXJl",
    "tokenType": "Bearer",
    "expiresIn": 600,
    "refreshToken": REFRESH_TOKEN,
}
USER: Final[Json] = {
    "userId": USER_ID,
    "email": "ana@example.com",
    "name": "Ana Trujillo",
    "role": "buyer",
    "isActive": True,
    "createdAt": TIME,
}
NEW_PRODUCT: Final[Json] = {
    "name": "Chai",
    "description": "A spiced tea.",
    "sku": "CHAI-1",
    "price": 18.0,
    "stock": 39,
    "category": "Beverages",
    "imageUrl": None,
}
PRODUCT: Final[Json] = {
    "productId": PRODUCT_ID,
    **NEW_PRODUCT,
    "isActive": True,
    "sellerId": SELLER_ID,
    "version": 1,
    "createdAt": TIME,
    "updatedAt": TIME,
}
PRODUCT_CHANGES: Final[Json] = {"price": 19.5, "isActive": True}
STOCK_ADJUSTMENT: Final[Json] = {"operation": "increase", "quantity": 20}
NEW_ORDER: Final[Json] = {"items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.0}]}
NEXT_STATUS: Final[Json] = {"status": "processing"}
ORDER: Final[Json] = {
    "orderId": ORDER_ID,
    "userId": USER_ID,
    "items": [{"productId": PRODUCT_ID, "quantity": 2, "price": 18.0}],
    "totalAmount": 36.0,
    "status": "pending",
    "reason": None,
    "createdAt": TIME,
    "updatedAt": TIME,
}
OPERATION: Final[Json] = {
    "operationId": OPERATION_ID,
    "command": "CREATE_ORDER",
    "status": "succeeded",
    "resource": f"/v1/orders/{ORDER_ID}",
    "result": ORDER,
    "error": None,
    "createdAt": TIME,
    "completedAt": TIME,
}
JWKS: Final[Json] = {
    "keys": [
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "9f86d081884c7d65",
            "alg": "Ed25519",
            "use": "sig",
        }
    ]
}
ORDER_EVENTS: Final = (
    "retry: 2000\n\n"
    "id: 1\nevent: status\n"
    f'data: {{"id":1,"status":"pending","at":"{TIME}","reason":null}}\n\n'
)
OPERATION_EVENTS: Final = (
    "retry: 2000\n\n"
    "id: 1\nevent: operation\n"
    f'data: {{"operationId":"{OPERATION_ID}","command":"CREATE_ORDER","status":"succeeded"}}\n\n'
)


def accepted(resource: str | None) -> Json:
    """Return the body of a 202 that names this resource."""
    return {"operationId": OPERATION_ID, "status": "pending", "resource": resource}


def page_of(item: Json) -> Json:
    """Return a page that holds this alone."""
    return {"items": [item], "nextCursor": None}


INVALID_BODY: Final = InvalidBody(
    "Correct the fields named in errors.",
    errors=[FieldError("/items/0/quantity", "Expected `int` >= 1")],
)
UNSUPPORTED: Final = UnsupportedMediaType(
    "Send the body as application/json, and say so in Content-Type."
)
TOO_LARGE: Final = RequestEntityTooLarge()
INVALID_QUERY: Final = InvalidQuery(
    "Correct the query parameters named in errors.",
    errors=[FieldError("/limit", "must be a whole number from 1 to 100")],
)
INVALID_KEY: Final = InvalidIdempotencyKey(
    "Send 1 to 255 visible ASCII characters, such as a UUID."
)
REPEATED_HEADER: Final = RepeatedHeader("Send one idempotency-key only.")
KEY_REUSED: Final = IdempotencyKeyReused("Use a new Idempotency-Key for a new request.")
UNAVAILABLE: Final = Unavailable("The message broker did not take the command.", certain=True)
EXPIRED: Final = DeadlineExceeded("Nobody waits for this command any more; it was not started.")
DISCARDED: Final = Discarded("An operator gave this command up; send it again.")
UNAUTHENTICATED: Final = Unauthenticated("Send an access token: Authorization: Bearer …")
INVALID_TOKEN: Final = InvalidToken("the access token has expired; refresh the session")
FORBIDDEN: Final = Forbidden("Only the roles admin, buyer may use this route.")
WEAK_PASSWORD: Final = UnacceptablePassword(
    "use 8 to 128 characters", errors=[FieldError("/password", "use 8 to 128 characters")]
)
ROLE_NOT_ALLOWED: Final = RoleNotAllowed.of(Role.ADMIN)
EMAIL_TAKEN: Final = EmailTaken.of("ana@example.com")
TOO_MANY_COMMANDS: Final = TooManyRequests(
    "Try again in 1 s; 600 a minute are let through for one account."
)
TOO_MANY: Final = TooManyRequests("Try again in 3 s; 20 a minute are let through from one address.")
INVALID_CREDENTIALS: Final = InvalidCredentials()
SESSION_ENDED: Final = SessionEnded()
SKU_TAKEN: Final = SkuTaken.of("CHAI-1")
PRODUCT_NOT_FOUND: Final = ProductNotFound.of(PRODUCT_ID)
INSUFFICIENT_STOCK: Final = InsufficientStock.of(20, 3)
STOCK_LIMIT: Final = StockLimitExceeded("a stock holds 2147483647 at most")
ORDER_NOT_FOUND: Final = OrderNotFound.of(OrderId(ORDER_ID))
TOTAL_TOO_LARGE: Final = OrderTotalTooLarge("an order may come to 99999999.99 at most; split it")
ILLEGAL_TRANSITION: Final = IllegalTransition.between(OrderStatus.SHIPPED, OrderStatus.CANCELLED)
PRICE_CHANGED: Final = PriceChanged(
    "Order again if you accept what the catalogue asks: /items/0/price: the price is 19.50 now.",
    errors=[FieldError("/items/0/price", "the price is 19.50 now")],
)
UNKNOWN_PRODUCT: Final = UnknownProduct(
    "Some products are not known; look them up in GET /v1/products.",
    errors=[FieldError("/items/0/productId", "no such product is known")],
)
OPERATION_NOT_FOUND: Final = OperationNotFound("No operation with this id was given to you.")
NOT_READY: Final = NotReady("Not ready: broker.")
