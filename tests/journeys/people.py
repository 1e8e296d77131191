"""Buyers, sellers and admins who use the platform as front-ends do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from apps.platform.platform import Platform

PASSWORD = "a long walk in the Andes"
WAIT = {"Prefer": "wait=20"}


class Person:
    """Somebody who is signed in."""

    def __init__(self, api: httpx.AsyncClient, session: dict[str, Any], user_id: str) -> None:
        self.api = api
        self.session = session
        self.user_id = user_id
        self.headers = {"Authorization": f"Bearer {session['accessToken']}"}

    async def get(self, path: str) -> httpx.Response:
        """Read something."""
        return await self.api.get(path, headers=self.headers)

    async def post(self, path: str, body: object = None, **headers: str) -> httpx.Response:
        """Ask for something and wait for its outcome, unless a header `Prefer` says otherwise."""
        sent = {**WAIT, **self.headers, **headers}
        return await self.api.post(path, json=body, headers=sent)

    async def patch(self, path: str, body: object) -> httpx.Response:
        """Change something and wait for its outcome."""
        return await self.api.patch(path, json=body, headers={**WAIT, **self.headers})

    async def sells(self, sku: str = "MATE-1KG", **changes: object) -> dict[str, Any]:
        """Put a product up for sale and return it."""
        answer = await self.post("/products", a_product(sku=sku, **changes))
        assert 201 == answer.status_code, answer.text
        product: dict[str, Any] = answer.json()
        return product

    async def orders(
        self,
        product: dict[str, Any],
        quantity: int = 1,
        *,
        key: str | None = None,
        wait: int = 20,
    ) -> httpx.Response:
        """Order some of one product at the price it is shown with."""
        headers = {"Prefer": f"wait={wait}"} | ({"Idempotency-Key": key} if key else {})
        return await self.post("/orders", an_order(product, quantity), **headers)

    async def status_of(self, order_id: str, *, until: str | None = None) -> dict[str, Any]:
        """Follow an order's events until it has a status, or is past being pending; return it."""
        async with self.follow(f"/orders/{order_id}/events") as events:
            async for event in events:
                if event["status"] == until or (until is None and event["status"] != "pending"):
                    break
        shown: dict[str, Any] = (await self.get(f"/orders/{order_id}")).json()
        return shown

    @asynccontextmanager
    async def follow(
        self, path: str, **headers: str
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Open an event stream and yield what its events hold."""
        sent = {**self.headers, **headers}
        async with self.api.stream("GET", path, headers=sent) as stream:
            assert 200 == stream.status_code, await stream.aread()
            yield _data_of(stream)


class People:
    """Registers people and signs them in."""

    def __init__(self, platform: Platform, api: httpx.AsyncClient) -> None:
        self._platform = platform
        self._api = api

    async def buyer(self, email: str = "bruno@example.com") -> Person:
        """Register a buyer and sign in."""
        return await self._registered(email, "buyer")

    async def seller(self, email: str = "sofia@example.com") -> Person:
        """Register a seller and sign in."""
        return await self._registered(email, "seller")

    async def admin(self, email: str = "ada@example.com") -> Person:
        """Make an admin as an operator does, and sign in."""
        await self._platform.create_admin(email=email, name="Ada", password=PASSWORD)
        return await self.signed_in(email)

    async def signed_in(self, email: str) -> Person:
        """Sign in."""
        credentials = {"email": email, "password": PASSWORD}
        answer = await self._api.post("/auth/login", json=credentials, headers=WAIT)
        assert 200 == answer.status_code, answer.text
        session = answer.json()
        bearer = {"Authorization": f"Bearer {session['accessToken']}"}
        me = await self._api.get("/me", headers=bearer)
        return Person(self._api, session, me.json()["userId"])

    async def _registered(self, email: str, role: str) -> Person:
        answer = await self._api.post("/auth/register", json=an_account(email, role), headers=WAIT)
        assert 201 == answer.status_code, answer.text
        return await self.signed_in(email)


def an_account(email: str, role: str = "buyer", **changes: object) -> dict[str, object]:
    """Return the body that registers an account."""
    return {"email": email, "password": PASSWORD, "name": "Ana", "role": role, **changes}


def a_product(**changes: object) -> dict[str, object]:
    """Return the body that creates a product."""
    product = {
        "name": "Yerba mate, 1 kg",
        "description": "Aged for two years",
        "sku": "MATE-1KG",
        "price": 12.50,
        "stock": 10,
        "category": "Beverages",
    }
    return {**product, **changes}


def an_order(product: dict[str, Any], quantity: int = 1) -> dict[str, object]:
    """Return the body that orders some of one product at the price it is shown with."""
    return {"items": [a_line(product, quantity)]}


def a_line(product: dict[str, Any], quantity: int = 1) -> dict[str, object]:
    """Return an order's line for one product at the price it is shown with."""
    return {"productId": product["productId"], "quantity": quantity, "price": product["price"]}


async def _data_of(stream: httpx.Response) -> AsyncIterator[dict[str, Any]]:
    async for line in stream.aiter_lines():
        if line.startswith("data:"):
            yield httpx.Response(200, content=line.removeprefix("data:").strip()).json()
