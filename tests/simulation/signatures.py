"""What a deed and a command have in common, so that one can be recognised as the other's."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.simulation.evidence import Asked
from tests.simulation.history import Deed

from tradex_core.events import codec
from tradex_core.events.order import AdvanceOrder, CancelOrder, CreateOrder
from tradex_core.events.product import AdjustStock, CreateProduct, UpdateProduct
from tradex_core.events.user import RegisterUser

Signature = tuple[str, ...]

_OF_BODIES: Final[Mapping[str, Callable[[Any], Signature]]] = {
    "order": lambda body: tuple(f"{x['productId']} {x['quantity']}" for x in body["items"]),
    "adjust": lambda body: (body["operation"], str(body["quantity"])),
    "patch": lambda body: (f"{body['price']:.2f}",),
    "advance": lambda body: (body["status"],),
    "create": lambda body: (body["sku"],),
    "register": lambda body: (body["email"].lower(),),
    "cancel": lambda _: (),
}
_OF_COMMANDS: Final[Mapping[type[Any], tuple[str, Callable[[Any], Signature]]]] = {
    CreateOrder: ("order", lambda c: tuple(f"{x.product_id} {x.quantity}" for x in c.items)),
    AdjustStock: ("adjust", lambda c: (c.operation.value, str(c.quantity))),
    UpdateProduct: ("patch", lambda c: (codec.encode(c.price).decode(),)),
    AdvanceOrder: ("advance", lambda c: (c.status.value,)),
    CreateProduct: ("create", lambda c: (c.sku,)),
    RegisterUser: ("register", lambda c: (c.email,)),
    CancelOrder: ("cancel", lambda _: ()),
}
_ABOUT: Final[Mapping[type[Any], str]] = {
    AdjustStock: "product_id",
    UpdateProduct: "product_id",
    AdvanceOrder: "order_id",
    CancelOrder: "order_id",
}


def signature_of_deed(deed: Deed) -> Signature:
    """Return who wants what, and about which thing."""
    kind = "order" if deed.kind == "reuse" else deed.kind
    who = "" if kind == "register" else deed.client
    body = json.loads(deed.body) if deed.body else {}
    return (who, kind, deed.about or "", *_OF_BODIES[kind](body))


def signature_of_command(asked: Asked, clients: Mapping[str, str]) -> Signature | None:
    """Return the same of a command; None where no deed is kept of its kind (signing in)."""
    kind = type(asked.payload)
    if kind not in _OF_COMMANDS:
        return None
    name, parts = _OF_COMMANDS[kind]
    who = "" if name == "register" else clients.get(asked.actor_id, asked.actor_id)
    about = getattr(asked.payload, _ABOUT[kind]) if kind in _ABOUT else ""
    return (who, name, about, *parts(asked.payload))
