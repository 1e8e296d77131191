"""An access token says who sends a request; a forged one says nothing."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.apps.gateway.world import ADMIN, BUYER, World
from tests.builders.views import a_user_view


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()


def unsigned(token: str) -> str:
    return f"{part({'alg': 'none', 'typ': 'at+jwt'})}.{token.split('.')[1]}."


def promoted(token: str) -> str:
    header, claims, signature = token.split(".")
    known = json.loads(base64.urlsafe_b64decode(claims + "=="))
    return f"{header}.{part({**known, 'role': 'admin'})}.{signature}"


ATTACKS: dict[str, Callable[[str], str]] = {
    "nothing": lambda _: "Bearer ",
    "no token": lambda _: "Bearer",
    "garbage": lambda _: "Bearer garbage",
    "garbage in three parts": lambda _: "Bearer a.b.c",
    "another letter set": lambda token: f"Bearer {token}é",
    "too long": lambda token: f"Bearer {token}{'a' * 3000}",
    "another scheme": lambda token: f"Basic {token}",
    "no scheme": lambda token: token,
    "unsigned": lambda token: f"Bearer {unsigned(token)}",
    "another role": lambda token: f"Bearer {promoted(token)}",
    "cut off": lambda token: f"Bearer {token[:-10]}",
    "two tokens": lambda token: f"Bearer {token} {token}",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
async def test_whoever_forges_a_token_is_nobody(
    running: World, anyone: httpx.AsyncClient, attack: Callable[[str], str]
) -> None:
    running.show(a_user_view())
    header = attack(running.token(BUYER)).encode("latin-1")
    answer = await anyone.get("/v1/me", headers={b"authorization": header})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["type"] in {"unauthenticated", "invalid_token"}


async def test_nothing_but_the_header_signs_anybody_in(
    running: World, anyone: httpx.AsyncClient
) -> None:
    running.show(a_user_view())
    token = running.token(BUYER)
    headers = {"x-access-token": token, "proxy-authorization": f"Bearer {token}"}
    cookies = {"cookie": f"access_token={token}; session={token}"}
    answer = await anyone.get(f"/v1/me?access_token={token}", headers={**headers, **cookies})
    assert (401, "unauthenticated") == (answer.status_code, answer.json()["type"])


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
async def test_the_scheme_is_read_in_any_case(
    running: World, anyone: httpx.AsyncClient, scheme: str
) -> None:
    running.show(a_user_view())
    headers = {"authorization": f"{scheme} {running.token(BUYER)}"}
    assert (await anyone.get("/v1/me", headers=headers)).status_code == 200


async def test_an_access_token_works_for_ten_minutes(
    running: World, buyer: httpx.AsyncClient
) -> None:
    running.show(a_user_view())
    running.clock.advance(timedelta(minutes=9, seconds=59))
    assert (await buyer.get("/v1/me")).status_code == 200
    running.clock.advance(timedelta(seconds=1))
    answer = await buyer.get("/v1/me")
    assert answer.status_code == 401
    assert answer.json()["type"] == "invalid_token"
    assert "expired" in answer.json()["detail"]


async def test_whoever_is_signed_in_is_shown(running: World, buyer: httpx.AsyncClient) -> None:
    running.show(a_user_view())
    answer = await buyer.get("/v1/me")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "userId": BUYER.user_id,
        "email": "ana@example.com",
        "name": "Ana Trujillo",
        "role": "buyer",
        "isActive": True,
        "createdAt": "2024-01-15T10:00:00Z",
    }


async def test_an_account_that_is_not_shown_yet_soon_will_be(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/v1/me")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


async def test_anybody_can_check_a_token_with_the_published_keys(
    running: World, anyone: httpx.AsyncClient
) -> None:
    answer = await anyone.get("/.well-known/jwks.json")
    decoded = jwt.decode(
        running.token(ADMIN), KeySet.import_key_set(answer.json()), algorithms=["Ed25519"]
    )
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert decoded.claims["sub"] == ADMIN.user_id
    assert all("d" not in key and key["kty"] == "OKP" for key in answer.json()["keys"])
