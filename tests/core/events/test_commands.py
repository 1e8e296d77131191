"""Each command's JSON is the original's: its keys, and beside them only what the contracts add."""

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tradex_core.events import codec, topics
from tradex_core.events.fields import Command
from tradex_core.events.order import (
    AdvanceOrder,
    CancelOrder,
    CreateOrder,
    OrderLine,
    OrderStatus,
)
from tradex_core.events.product import AdjustStock, CreateProduct, GetProduct, UpdateProduct
from tradex_core.events.stock import StockOperation
from tradex_core.events.user import (
    DeactivateUser,
    EndSession,
    LoginUser,
    RefreshSession,
    RegisterUser,
    Role,
    SealedPassword,
)
from tradex_core.money import Money

UUID = "018d0c1e-8a00-7000-8000-00000000000a"
OBJECT_ID = "65a4f0a00000000000000001"
HASH = "0f" * 32
SEALED = SealedPassword(sealed="c2VhbGVk", kid="key-1")
SEALED_JSON = '{"sealed":"c2VhbGVk","kid":"key-1"}'
LINE = OrderLine(product_id="tea", quantity=2, price=Money("9.90"))
LINE_JSON = '{"productId":"tea","quantity":2,"price":9.90}'

GOLDEN: dict[str, tuple[Command, str, str, str]] = {
    "REGISTER_USER": (
        RegisterUser(
            email=" Ana@Example.com ", password=SEALED, name="Ana", role=Role.SELLER, user_id=UUID
        ),
        (
            f'{{"email":" Ana@Example.com ","password":{SEALED_JSON},"name":"Ana","role":"seller"'
            f',"userId":"{UUID}"}}'
        ),
        topics.AUTH_COMMANDS,
        "ana@example.com",
    ),
    "LOGIN_USER": (
        LoginUser(email="Ana@Example.com", password=SEALED, session_id=UUID, token_hash=HASH),
        (
            f'{{"email":"Ana@Example.com","password":{SEALED_JSON},"sessionId":"{UUID}"'
            f',"tokenHash":"{HASH}"}}'
        ),
        topics.AUTH_COMMANDS,
        "ana@example.com",
    ),
    "REFRESH_SESSION": (
        RefreshSession(session_id=UUID, token_hash=HASH, next_token_hash="f0" * 32),
        f'{{"sessionId":"{UUID}","tokenHash":"{HASH}","nextTokenHash":"{"f0" * 32}"}}',
        topics.AUTH_COMMANDS,
        UUID,
    ),
    "END_SESSION": (
        EndSession(session_id=UUID, token_hash=HASH),
        f'{{"sessionId":"{UUID}","tokenHash":"{HASH}"}}',
        topics.AUTH_COMMANDS,
        UUID,
    ),
    "DEACTIVATE_USER": (
        DeactivateUser(user_id=UUID),
        f'{{"userId":"{UUID}"}}',
        topics.AUTH_COMMANDS,
        UUID,
    ),
    "CREATE_PRODUCT": (
        CreateProduct(
            name="Té",
            description="Hojas",
            sku="TEA-1",
            price=Money("99.99"),
            stock=100,
            category="Bebidas",
            image_url="https://example.com/tea.jpg",
            product_id=OBJECT_ID,
            seller_id=UUID,
        ),
        (
            '{"name":"Té","description":"Hojas","sku":"TEA-1","price":99.99,"stock":100'
            ',"category":"Bebidas","imageUrl":"https://example.com/tea.jpg"'
            f',"productId":"{OBJECT_ID}","sellerId":"{UUID}"}}'
        ),
        topics.CATALOG_COMMANDS,
        "TEA-1",
    ),
    "UPDATE_PRODUCT": (
        UpdateProduct(product_id=OBJECT_ID, price=Money(1), image_url=None, is_active=False),
        f'{{"productId":"{OBJECT_ID}","price":1.00,"imageUrl":null,"isActive":false}}',
        topics.CATALOG_COMMANDS,
        OBJECT_ID,
    ),
    "ADJUST_STOCK": (
        AdjustStock(product_id=OBJECT_ID, operation=StockOperation.DECREASE, quantity=3),
        f'{{"productId":"{OBJECT_ID}","operation":"decrease","quantity":3}}',
        topics.CATALOG_COMMANDS,
        OBJECT_ID,
    ),
    "GET_PRODUCT": (
        GetProduct(sku="TEA-1"),
        '{"productId":null,"sku":"TEA-1"}',
        topics.CATALOG_COMMANDS,
        "TEA-1",
    ),
    "CREATE_ORDER": (
        CreateOrder(user_id=UUID, items=(LINE,), order_id=UUID),
        f'{{"userId":"{UUID}","items":[{LINE_JSON}],"orderId":"{UUID}"}}',
        topics.ORDER_COMMANDS,
        UUID,
    ),
    "CANCEL_ORDER": (
        CancelOrder(order_id=UUID),
        f'{{"orderId":"{UUID}"}}',
        topics.ORDER_COMMANDS,
        UUID,
    ),
    "ADVANCE_ORDER": (
        AdvanceOrder(order_id=UUID, status=OrderStatus.SHIPPED),
        f'{{"orderId":"{UUID}","status":"shipped"}}',
        topics.ORDER_COMMANDS,
        UUID,
    ),
}

ORIGINAL: dict[str, dict[str, Any]] = {
    "REGISTER_USER": {"email": "a@b.c", "password": "secret", "name": "Ana", "role": "buyer"},
    "LOGIN_USER": {"email": "a@b.c", "password": "secret", "name": "Ana", "role": "buyer"},
    "CREATE_PRODUCT": {
        "name": "Producto X",
        "description": "Descripción del producto",
        "sku": "SKU-001",
        "price": 99.99,
        "stock": 100,
        "category": "Categoría",
    },
    "CREATE_ORDER": {
        "userId": "user",
        "items": [{"productId": "tea", "quantity": 1, "price": 5}],
    },
}
"""What the original's clients send."""

ADDED = {
    "REGISTER_USER": {"userId"},
    "LOGIN_USER": {"sessionId", "tokenHash"},
    "CREATE_PRODUCT": {"imageUrl", "productId", "sellerId"},
    "CREATE_ORDER": {"orderId"},
}
"""What ours add to it."""


def commands(root: type[Command] = Command) -> set[type[Command]]:
    found = set()
    for kind in root.__subclasses__():
        found |= {kind} if "command" in vars(kind) else set()
        found |= commands(kind)
    return found


def test_every_command_has_its_golden_json_here() -> None:
    ours = {kind for kind in commands() if kind.__module__.startswith("tradex_core.")}
    assert {kind.command for kind in ours} == set(GOLDEN)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_command_is_written_as_it_was_agreed(name: str) -> None:
    command, golden, topic, key = GOLDEN[name]
    assert golden == codec.encode(command).decode()
    assert (name, topic, key) == (command.command, command.topic, command.key)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_command_is_read_as_it_was_written(name: str) -> None:
    command, golden, _, _ = GOLDEN[name]
    assert command == codec.decode(golden.encode(), type(command))


def test_only_the_originals_commands_are_the_originals() -> None:
    assert {"REGISTER_USER", "LOGIN_USER", "CREATE_PRODUCT", "GET_PRODUCT", "CREATE_ORDER"} == {
        kind.command for kind in commands() if kind.original
    }


@pytest.mark.parametrize("name", ORIGINAL)
def test_what_the_originals_clients_send_is_read(name: str) -> None:
    kind = type(GOLDEN[name][0])
    read = codec.decode(json.dumps(ORIGINAL[name]).encode(), kind)
    written = json.loads(codec.encode(read), parse_float=Decimal)
    kept = {key: value for key, value in ORIGINAL[name].items() if key in written}
    assert json.loads(json.dumps(kept), parse_float=Decimal) == {key: written[key] for key in kept}


@pytest.mark.parametrize("name", ADDED)
def test_only_what_the_contracts_add_stands_beside_the_originals_keys(name: str) -> None:
    kind = type(GOLDEN[name][0])
    keys = {field.encode_name for field in msgspec.structs.fields(kind)}
    assert keys <= set(ORIGINAL[name]) | ADDED[name]
    assert keys >= ADDED[name]
    added = [f for f in msgspec.structs.fields(kind) if f.encode_name in ADDED[name]]
    assert not any(field.required for field in added)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_key_that_is_not_known_is_passed_over(name: str) -> None:
    command, golden, _, _ = GOLDEN[name]
    later = golden.removesuffix("}") + ',"later":{"deep":[1e400,{"x":null}]}}'
    assert command == codec.decode(later.encode(), type(command))


def test_a_registration_without_a_role_is_a_buyers() -> None:
    data = b'{"email":"a@b.c","password":"secret","name":"Ana"}'
    assert Role.BUYER is codec.decode(data, RegisterUser).role


def test_a_command_names_what_it_is_about_where_it_can() -> None:
    subjects = {name: command.subject for name, (command, *_) in GOLDEN.items()}
    nameless = {"LOGIN_USER", "REFRESH_SESSION", "END_SESSION", "GET_PRODUCT"}
    assert nameless == {name for name, subject in subjects.items() if subject is None}


def test_orders_of_one_buyer_without_ids_keep_their_order() -> None:
    assert "buyer" == CreateOrder(user_id="buyer", items=(LINE,)).key


@pytest.mark.parametrize("name", ["REGISTER_USER", "LOGIN_USER"])
def test_a_password_is_not_shown_with_its_command(name: str) -> None:
    kind = type(GOLDEN[name][0])
    command = codec.decode(json.dumps(ORIGINAL[name] | {"password": "hunter2"}).encode(), kind)
    assert "hunter2" not in repr(command)
    assert "a@b.c" in repr(command)
