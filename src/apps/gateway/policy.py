"""Who may use which route: what is not written here is refused."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from tradex_core.events.user import Role


class Access(Struct, frozen=True, kw_only=True):
    """Who may use a route, and whether the gateway looks at who they are.

    Without `roles` anyone may; `credentials` is then whether an access token is read if there is
    one.
    """

    roles: frozenset[Role] | None = None
    credentials: bool = True


PUBLIC: Final = Access(credentials=False)
ANYONE: Final = Access()
SIGNED_IN: Final = Access(roles=frozenset(Role))
SELLERS: Final = Access(roles=frozenset({Role.SELLER, Role.ADMIN}))
BUYERS: Final = Access(roles=frozenset({Role.BUYER, Role.ADMIN}))

POLICY: Final[Mapping[tuple[str, str], Access]] = MappingProxyType(
    {
        ("POST", "/v1/auth/register"): PUBLIC,
        ("POST", "/v1/auth/login"): PUBLIC,
        ("POST", "/v1/auth/refresh"): PUBLIC,
        ("POST", "/v1/auth/logout"): PUBLIC,
        ("GET", "/v1/me"): SIGNED_IN,
        ("POST", "/v1/products"): SELLERS,
        ("PATCH", "/v1/products/{product_id}"): SELLERS,
        ("POST", "/v1/products/{product_id}/stock"): SELLERS,
        ("GET", "/v1/products"): ANYONE,
        ("GET", "/v1/products/{product_id}"): ANYONE,
        ("POST", "/v1/orders"): BUYERS,
        ("POST", "/v1/orders/{order_id}/cancel"): BUYERS,
        ("POST", "/v1/orders/{order_id}/status"): SELLERS,
        ("GET", "/v1/orders"): SIGNED_IN,
        ("GET", "/v1/orders/{order_id}"): SIGNED_IN,
        ("GET", "/v1/orders/{order_id}/events"): SIGNED_IN,
        ("GET", "/v1/operations/{operation_id}"): ANYONE,
        ("GET", "/v1/operations/{operation_id}/events"): ANYONE,
        ("GET", "/health/live"): PUBLIC,
        ("GET", "/health/startup"): PUBLIC,
        ("GET", "/health/ready"): PUBLIC,
        ("GET", "/.well-known/jwks.json"): PUBLIC,
        ("GET", "/openapi.json"): PUBLIC,
        ("GET", "/docs"): PUBLIC,
        ("GET", "/docs/{asset}"): PUBLIC,
    }
)
"""The routes by method and path. Whose product, order or operation it is, the routes look at."""
