"""Somebody who uses every route there is, rightly and wrongly, with secrets that are recognised."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import httpx
from tests.builders.canary import Canary
from tests.journeys.people import WAIT, a_product, an_account, an_order

Route = tuple[str, str]
CreateAdmin = Callable[[str, str], Awaitable[object]]
"""Makes an admin's account, of an address and a password."""

EMAIL: Final = "kanary-{}@example.com"
SKU: Final = "KANARY-1"


class Visitor:
    """A buyer, a seller and an admin in one, and what they have made so far."""

    def __init__(self, api: httpx.AsyncClient, canary: Canary, create_admin: CreateAdmin) -> None:
        self.api = api
        self.canary = canary
        self.sessions: dict[str, dict[str, str]] = {}
        self.ids: dict[str, str] = {"asset": "start.js"}
        self.product: dict[str, Any] = {}
        self._create_admin = create_admin

    async def use_everything(self) -> None:
        """Use every route rightly, and see that it does what it is for."""
        for visit in VISITS.values():
            await visit(self)

    def password(self, who: str) -> str:
        """Return somebody's password."""
        return self.canary.secret(f"the {who}'s password")

    def bearer(self, who: str) -> dict[str, str]:
        """Return how somebody says who they are."""
        return {"Authorization": f"Bearer {self.sessions[who]['accessToken']}"}

    async def ask(
        self, method: str, path: str, body: object = None, *, who: str = "", wanted: int = 200
    ) -> httpx.Response:
        """Ask for something and wait for its outcome; fails where it is not answered so."""
        headers = {**WAIT, **(self.bearer(who) if who else {})}
        answer = await self.api.request(method, path, json=body, headers=headers)
        assert wanted == answer.status_code, answer.text
        return answer

    async def log_in(self, who: str) -> None:
        """Sign in, and recognise the tokens from now on."""
        body = {"email": EMAIL.format(who), "password": self.password(who)}
        answer = await self.ask("POST", "/v1/auth/login", body)
        self.sessions[who] = answer.json()
        self.canary.learn_tokens(f"the {who}", answer.json())

    async def register(self) -> None:
        for role in ("buyer", "seller"):
            body = an_account(EMAIL.format(role), role, password=self.password(role))
            answer = await self.api.post("/v1/auth/register", json=body)
            self.ids["operation_id"] = answer.json()["operationId"]
            await self.follow_operation()
        await self._create_admin(EMAIL.format("admin"), self.password("admin"))
        refused = an_account(EMAIL.format("buyer"), password=self.canary.secret("a taken one's"))
        await self.ask("POST", "/v1/auth/register", refused, wanted=409)
        guessed = self.canary.secret("a long password") * 3
        await self.ask("POST", "/v1/auth/register", {**refused, "password": guessed}, wanted=400)

    async def sign_in(self) -> None:
        for who in ("buyer", "seller", "admin"):
            await self.log_in(who)
        for who in ("buyer", "nobody"):
            wrong = {"email": EMAIL.format(who), "password": self.canary.secret("a wrong password")}
            await self.ask("POST", "/v1/auth/login", wrong, wanted=401)

    async def refresh(self) -> None:
        former = self.sessions["seller"]["refreshToken"]
        for token in (former, former):  # the second is a repeat, for which there is some grace
            answer = await self.ask("POST", "/v1/auth/refresh", {"refreshToken": token})
            self.canary.learn_tokens("the seller, once more,", answer.json())
        for token in (self.canary.secret("no refresh token"), self._forged(former)):
            await self.ask("POST", "/v1/auth/refresh", {"refreshToken": token}, wanted=401)
        await self.log_in("seller")

    async def log_out(self) -> None:
        token = self.sessions["admin"]["refreshToken"]
        await self.ask("POST", "/v1/auth/logout", {"refreshToken": self._forged(token)}, wanted=401)
        await self.ask("POST", "/v1/auth/logout", {"refreshToken": token}, wanted=204)
        await self.log_in("admin")

    async def me(self) -> None:
        shown = await self.ask("GET", "/v1/me", who="buyer")
        assert EMAIL.format("buyer") == shown.json()["email"]

    async def sell(self) -> None:
        answer = await self.ask(
            "POST", "/v1/products", a_product(sku=SKU), who="seller", wanted=201
        )
        self.ids["product_id"] = answer.json()["productId"]

    async def change_product(self) -> None:
        await self.ask(
            "PATCH", self.path("/v1/products/{product_id}"), {"price": 9.5}, who="seller"
        )

    async def add_stock(self) -> None:
        body = {"operation": "increase", "quantity": 5}
        path = self.path("/v1/products/{product_id}/stock")
        self.product = (await self.ask("POST", path, body, who="seller")).json()

    async def products(self) -> None:
        assert (await self.ask("GET", f"/v1/products?q={SKU}", who="buyer")).json()["items"]

    async def order(self) -> None:
        body = an_order(self.product)
        for name in ("order_id", "cancelled_id"):
            answer = await self.ask("POST", "/v1/orders", body, who="buyer", wanted=201)
            self.ids[name] = answer.json()["orderId"]
            await self.until(f"/v1/orders/{self.ids[name]}/events", "confirmed")

    async def cancel(self) -> None:
        await self.ask("POST", self.path("/v1/orders/{cancelled_id}/cancel"), who="buyer")

    async def process(self) -> None:
        path = self.path("/v1/orders/{order_id}/status")
        await self.ask("POST", path, {"status": "processing"}, who="seller")

    async def orders(self) -> None:
        assert (await self.ask("GET", "/v1/orders", who="buyer")).json()["items"]

    async def follow_order(self) -> None:
        await self.until(self.path("/v1/orders/{order_id}/events"), "processing")

    async def follow_operation(self) -> None:
        await self.until(self.path("/v1/operations/{operation_id}/events"), "succeeded")

    async def until(self, path: str, word: str) -> None:
        """Follow events until one tells of this, as the buyer once they are signed in."""
        headers = self.bearer("buyer") if self.sessions else {}
        async with self.api.stream("GET", path, headers=headers) as events:
            assert 200 == events.status_code
            async for line in events.aiter_lines():
                if f'"{word}"' in line:
                    return

    def path(self, template: str) -> str:
        """Return a route's path with the ids of what there is."""
        return template.format_map(self.ids)

    def _forged(self, token: str) -> str:
        session_id = token.partition(".")[0]
        return f"{session_id}.{self.canary.learn('a forged refresh token', 'kA-n_ary' * 5 + 'xyz')}"


def reading(path: str, who: str = "") -> Callable[[Visitor], Awaitable[None]]:
    """Return a visit that only reads."""

    async def visit(visitor: Visitor) -> None:
        await visitor.ask("GET", visitor.path(path), who=who)

    return visit


VISITS: Final[Mapping[Route, Callable[[Visitor], Awaitable[None]]]] = {
    ("POST", "/v1/auth/register"): Visitor.register,
    ("POST", "/v1/auth/login"): Visitor.sign_in,
    ("POST", "/v1/auth/refresh"): Visitor.refresh,
    ("POST", "/v1/auth/logout"): Visitor.log_out,
    ("GET", "/v1/me"): Visitor.me,
    ("POST", "/v1/products"): Visitor.sell,
    ("PATCH", "/v1/products/{product_id}"): Visitor.change_product,
    ("POST", "/v1/products/{product_id}/stock"): Visitor.add_stock,
    ("GET", "/v1/products"): Visitor.products,
    ("GET", "/v1/products/{product_id}"): reading("/v1/products/{product_id}"),
    ("POST", "/v1/orders"): Visitor.order,
    ("POST", "/v1/orders/{order_id}/cancel"): Visitor.cancel,
    ("POST", "/v1/orders/{order_id}/status"): Visitor.process,
    ("GET", "/v1/orders"): Visitor.orders,
    ("GET", "/v1/orders/{order_id}"): reading("/v1/orders/{order_id}", "buyer"),
    ("GET", "/v1/orders/{order_id}/events"): Visitor.follow_order,
    ("GET", "/v1/operations/{operation_id}"): reading("/v1/operations/{operation_id}"),
    ("GET", "/v1/operations/{operation_id}/events"): Visitor.follow_operation,
    ("GET", "/health/live"): reading("/health/live"),
    ("GET", "/health/startup"): reading("/health/startup"),
    ("GET", "/health/ready"): reading("/health/ready"),
    ("GET", "/.well-known/jwks.json"): reading("/.well-known/jwks.json"),
    ("GET", "/openapi.json"): reading("/openapi.json"),
    ("GET", "/docs"): reading("/docs"),
    ("GET", "/docs/{asset}"): reading("/docs/{asset}"),
}
"""How each route is used, in this order: what one makes, the next ones need."""
