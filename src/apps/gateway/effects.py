"""What HTTP makes of each command: where its thing is found, how success is answered and seen."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final

from msgspec import Raw, Struct

from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.fields import Command
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder, OrderStatus
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.events.user import EndSession, LoginUser, RefreshSession, RegisterUser
from tradex_core.ids import OperationId, derived_object_id, sibling_uuid7, uuid7_time
from tradex_core.views.ports import ViewQueries

_SIGNING_IN: Final = timedelta(seconds=5)

Seen = Callable[[ViewQueries, Raw], Awaitable[bool]]


class Effect(Struct, frozen=True, kw_only=True):
    """What HTTP makes of one command.

    `makes` derives the new thing's id from the operation's; `path` is where a thing of an id is
    found; `seen` tells whether the views show at least what a result says. `patience` is for how
    long a client waits who says nothing of it, and after which the command is not started.
    """

    command: type[Command]
    status: int = 200
    makes: Callable[[OperationId], str] | None = None
    path: Callable[[str], str] | None = None
    seen: Seen | None = None
    patience: timedelta | None = None
    is_anonymous: bool = False

    @property
    def name(self) -> str:
        """What the wire calls the command."""
        return self.command.command

    def resource(self, operation_id: OperationId, subject: str | None) -> str | None:
        """Return where the thing is found; None where that is not known, or there is none."""
        if subject is None and self.makes is not None:
            subject = self.makes(operation_id)
        return None if self.path is None or subject is None else self.path(subject)


class _ProductSeen(Struct, frozen=True, rename="camel"):
    product_id: str
    version: int


class _OrderSeen(Struct, frozen=True, rename="camel"):
    order_id: str
    status: OrderStatus


class _UserSeen(Struct, frozen=True, rename="camel"):
    user_id: str


async def _product_seen(views: ViewQueries, result: Raw) -> bool:
    product = codec.decode(result, _ProductSeen)
    view = await views.product(product.product_id)
    return view is not None and view.version >= product.version


async def _order_seen(views: ViewQueries, result: Raw) -> bool:
    order = codec.decode(result, _OrderSeen)
    view = await views.order(order.order_id)
    return view is not None and view.status.rank >= order.status.rank


async def _user_seen(views: ViewQueries, result: Raw) -> bool:
    user = codec.decode(result, _UserSeen)
    return await views.user(user.user_id) is not None


def order_id_of(operation_id: OperationId) -> str:
    """Return the id of the order that an operation places."""
    return sibling_uuid7(operation_id, "order")


def product_id_of(operation_id: OperationId) -> str:
    """Return the id of the product that an operation creates."""
    return derived_object_id(operation_id, "product", at=uuid7_time(operation_id))


def user_id_of(operation_id: OperationId) -> str:
    """Return the id of the user that an operation registers."""
    return sibling_uuid7(operation_id, "user")


def _product_path(product_id: str) -> str:
    return f"/v1/products/{product_id}"


def _order_path(order_id: str) -> str:
    return f"/v1/orders/{order_id}"


def _me(_user_id: str) -> str:
    return "/v1/me"


_product: Mapping[str, Any] = {"path": _product_path, "seen": _product_seen}
_order: Mapping[str, Any] = {"path": _order_path, "seen": _order_seen}

REGISTER: Final = Effect(
    command=RegisterUser,
    status=201,
    makes=user_id_of,
    path=_me,
    seen=_user_seen,
    is_anonymous=True,
)
LOGIN: Final = Effect(command=LoginUser, seen=_user_seen, patience=_SIGNING_IN, is_anonymous=True)
REFRESH: Final = Effect(command=RefreshSession, patience=_SIGNING_IN, is_anonymous=True)
LOGOUT: Final = Effect(command=EndSession, status=204, is_anonymous=True)
CREATE_PRODUCT: Final = Effect(command=CreateProduct, status=201, makes=product_id_of, **_product)
UPDATE_PRODUCT: Final = Effect(command=UpdateProduct, **_product)
ADJUST_STOCK: Final = Effect(command=AdjustStock, **_product)
CREATE_ORDER: Final = Effect(command=CreateOrder, status=201, makes=order_id_of, **_order)
CANCEL_ORDER: Final = Effect(command=CancelOrder, **_order)
ADVANCE_ORDER: Final = Effect(command=AdvanceOrder, **_order)

EFFECTS: Final[Mapping[str, Effect]] = MappingProxyType(
    {
        effect.name: effect
        for effect in (
            REGISTER,
            LOGIN,
            REFRESH,
            LOGOUT,
            CREATE_PRODUCT,
            UPDATE_PRODUCT,
            ADJUST_STOCK,
            CREATE_ORDER,
            CANCEL_ORDER,
            ADVANCE_ORDER,
        )
    }
)
"""Every command that a client can be given a 202 for, by its name."""


async def is_seen(effect: Effect, views: ViewQueries, result: Raw) -> bool:
    """Return whether the views show what a success of the command did."""
    if effect.seen is None:
        return True
    try:
        return await effect.seen(views, result)
    except Undecodable:
        return True
