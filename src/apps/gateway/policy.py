"""Who may use which route, and on whose things: what is not written here is refused."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from tradex_core.events.fields import Command
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder
from tradex_core.events.product import AdjustStock, CreateProduct, GetProduct, UpdateProduct
from tradex_core.events.user import (
    DeactivateUser,
    EndSession,
    LoginUser,
    RefreshSession,
    RegisterUser,
    Role,
)


class Whose(StrEnum):
    """Whose things somebody may act on; any other looks as if it did not exist."""

    NOBODYS = "what nobody signed in asked for"
    OWN = "their own"
    SOLD = "what has a product of theirs"
    ANYBODYS = "anybody's"


Rights = Mapping[Role | None, Whose]
"""On whose things each role may act; None is who is not signed in."""


class Access(Struct, frozen=True, kw_only=True):
    """Who may use a route on whose things, and what it `asks` a service, which looks again.

    `credentials` is whether an access token is read where there is one.
    """

    rights: Rights
    asks: type[Command] | None = None
    credentials: bool = True

    @property
    def roles(self) -> frozenset[Role] | None:
        """The roles that may use it; None where anyone may."""
        return None if None in self.rights else frozenset(role for role in self.rights if role)


def _rights(**whose: Whose) -> Rights:
    return MappingProxyType({Role(role): each for role, each in whose.items()})


ANYBODY: Final[Rights] = MappingProxyType(dict.fromkeys([None, *Role], Whose.ANYBODYS))
ASKERS: Final[Rights] = MappingProxyType({None: Whose.NOBODYS, **dict.fromkeys(Role, Whose.OWN)})
THEMSELVES: Final = _rights(buyer=Whose.OWN, seller=Whose.OWN, admin=Whose.OWN)
SELLERS: Final = _rights(seller=Whose.OWN, admin=Whose.ANYBODYS)
BUYERS: Final = _rights(buyer=Whose.OWN, admin=Whose.ANYBODYS)
SUPPLIERS: Final = _rights(seller=Whose.SOLD, admin=Whose.ANYBODYS)
PARTIES: Final = _rights(buyer=Whose.OWN, seller=Whose.SOLD, admin=Whose.ANYBODYS)
ADMINS: Final = _rights(admin=Whose.ANYBODYS)


def _open(asks: type[Command] | None = None) -> Access:
    return Access(rights=ANYBODY, asks=asks, credentials=False)


POLICY: Final[Mapping[tuple[str, str], Access]] = MappingProxyType(
    {
        ("POST", "/v1/auth/register"): _open(RegisterUser),
        ("POST", "/v1/auth/login"): _open(LoginUser),
        ("POST", "/v1/auth/refresh"): _open(RefreshSession),
        ("POST", "/v1/auth/logout"): _open(EndSession),
        ("GET", "/v1/me"): Access(rights=THEMSELVES),
        ("POST", "/v1/products"): Access(rights=SELLERS, asks=CreateProduct),
        ("PATCH", "/v1/products/{product_id}"): Access(rights=SELLERS, asks=UpdateProduct),
        ("POST", "/v1/products/{product_id}/stock"): Access(rights=SELLERS, asks=AdjustStock),
        ("GET", "/v1/products"): Access(rights=ANYBODY),
        ("GET", "/v1/products/{product_id}"): Access(rights=ANYBODY),
        ("POST", "/v1/orders"): Access(rights=BUYERS, asks=CreateOrder),
        ("POST", "/v1/orders/{order_id}/cancel"): Access(rights=BUYERS, asks=CancelOrder),
        ("POST", "/v1/orders/{order_id}/status"): Access(rights=SUPPLIERS, asks=AdvanceOrder),
        ("GET", "/v1/orders"): Access(rights=PARTIES),
        ("GET", "/v1/orders/{order_id}"): Access(rights=PARTIES),
        ("GET", "/v1/orders/{order_id}/events"): Access(rights=PARTIES),
        ("GET", "/v1/operations/{operation_id}"): Access(rights=ASKERS),
        ("GET", "/v1/operations/{operation_id}/events"): Access(rights=ASKERS),
        ("GET", "/health/live"): _open(),
        ("GET", "/health/ready"): _open(),
        ("GET", "/health/startup"): _open(),
        ("GET", "/.well-known/jwks.json"): _open(),
        ("GET", "/openapi.json"): _open(),
        ("GET", "/docs"): _open(),
        ("GET", "/docs/{asset}"): _open(),
    }
)
"""The routes by method and path."""

ON_KAFKA_ONLY: Final[Mapping[type[Command], Rights]] = MappingProxyType(
    {GetProduct: ANYBODY, DeactivateUser: ADMINS}
)
"""The commands that no route asks for."""


def command_rights() -> Mapping[type[Command], Rights]:
    """Return who may ask for which command, and on whose things: what the services enforce."""
    asked = {access.asks: access.rights for access in POLICY.values() if access.asks}
    return {**asked, **ON_KAFKA_ONLY}
