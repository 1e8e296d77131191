"""Clients of the API who register, sell, order and cancel, whatever happens to the platform."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any, Final
from uuid import UUID

import httpx
from tests.services.faults.history import Attempt, History

PASSWORD: Final = "a long walk in the Andes"
_TRIES: Final = 12
_PAUSE_SECONDS: Final = 0.25
_MANY: Final = 1_000


class Client:
    """Somebody with an account, who asks whichever gateway comes first.

    Whose access token has expired meanwhile logs in again.
    """

    def __init__(
        self,
        name: str,
        gateways: Sequence[str],
        history: History,
        random: Random,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self.name = name
        self.history = history
        self.random = random
        self.token = ""
        self._email = ""
        self._gateways = gateways
        self._http = httpx.AsyncClient(timeout=15, trust_env=False, transport=transport)

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        wait: int | None = None,
    ) -> Attempt:
        """Ask once; no answer is an answer too."""
        attempt = await self._ask(kind, method, path, body, key=key, wait=wait)
        if attempt.status == 401 and self.token:
            await self.log_in(self._email)
            attempt = await self._ask(kind, method, path, body, key=key, wait=wait)
        return attempt

    async def _ask(
        self, kind: str, method: str, path: str, body: object, *, key: str | None, wait: int | None
    ) -> Attempt:
        headers = {"authorization": f"Bearer {self.token}"} if self.token else {}
        if key is not None:
            headers["idempotency-key"] = key
        if wait is not None:
            headers["prefer"] = f"wait={wait}"
        url = f"{self.random.choice(self._gateways)}/v1{path}"
        attempt = Attempt(client=self.name, kind=kind, key=key, status=0)
        try:
            response = await self._http.request(method, url, json=body, headers=headers)
        except httpx.HTTPError:
            pass
        else:
            _learn(attempt, response)
        self.history.add(attempt)
        return attempt

    async def insist(
        self, kind: str, path: str, body: object, *, wait: int | None = None
    ) -> Attempt:
        """Ask under a key, again and again until it is answered; the last answer is returned."""
        key = self.new_key()
        attempt = await self.ask(kind, "POST", path, body, key=key, wait=wait)
        for _ in range(_TRIES):
            if attempt.status not in (0, 503):
                break
            await asyncio.sleep(_PAUSE_SECONDS * (1 + self.random.random()))
            attempt = await self.ask(kind, "POST", path, body, key=key, wait=wait)
        return attempt

    def new_key(self) -> str:
        """Return an idempotency key of its own."""
        return str(UUID(int=self.random.getrandbits(128)))

    async def sign_up(self, role: str) -> None:
        """Register and log in, however long it takes."""
        email = f"{self.name}@example.com"
        self.history.secrets.add(PASSWORD)
        account = {"email": email, "password": PASSWORD, "name": self.name, "role": role}
        status = 0
        while status not in (201, 409):
            status = (await self.insist("register", "/auth/register", account, wait=10)).status
        await self.log_in(email)

    async def log_in(self, email: str, password: str = PASSWORD) -> None:
        """Log in, however long it takes."""
        self.token, self._email = "", email
        while not self.token:
            body = {"email": email, "password": password}
            attempt = await self.ask("log in", "POST", "/auth/login", body, wait=10)
            if attempt.status == 200:
                self.token = attempt.answer["accessToken"]
                self.history.secrets |= {self.token, attempt.answer["refreshToken"], password}
            else:
                await asyncio.sleep(_PAUSE_SECONDS)


class Seller(Client):
    """Sells a few products of which there are never enough, and now and then finds some more."""

    async def open_shop(self, products: int, stock: int) -> list[dict[str, Any]]:
        """Put products up for sale and return them."""
        made = []
        for number in range(products):
            body = {
                "name": f"Mate {number}",
                "description": "Leaves",
                "sku": f"{self.name}-{number}",
                "price": 4.5 + number,
                "stock": stock,
                "category": "Drinks",
            }
            attempt = await self.insist("create", "/products", body, wait=20)
            while attempt.status not in (200, 201):
                await asyncio.sleep(_PAUSE_SECONDS)
                found = await self.ask("read", "GET", attempt.resource or "/products/none")
                attempt = found if found.status == 200 else attempt
            made.append(attempt.answer)
        return made

    async def keep_selling(self, products: Sequence[dict[str, Any]], until: asyncio.Event) -> None:
        """Adjust stock until told to stop."""
        while not until.is_set():
            product = self.random.choice(products)
            operation = self.random.choice(("increase", "increase", "decrease"))
            body = {"operation": operation, "quantity": self.random.randint(1, 5)}
            await self.insist("adjust", f"/products/{product['productId']}/stock", body)
            await _pause(until, 1 + self.random.random())


class Newcomer(Client):
    """Opens one account after the other, and signs in to each."""

    async def keep_coming(self, until: asyncio.Event) -> None:
        """Register and log in until told to stop."""
        while not until.is_set():
            email = f"{self.new_key()}@example.com"
            body = {"email": email, "password": PASSWORD, "name": self.name, "role": "buyer"}
            await self.insist("register", "/auth/register", body, wait=2)
            await self.ask(
                "log in", "POST", "/auth/login", {"email": email, "password": PASSWORD}, wait=2
            )
            await _pause(until, 2 + 2 * self.random.random())


class Buyer(Client):
    """Orders, and thinks better of it now and then."""

    async def keep_buying(self, products: Sequence[dict[str, Any]], until: asyncio.Event) -> None:
        """Order and cancel until told to stop."""
        placed: list[str] = []
        while not until.is_set():
            if placed and self.random.random() < 0.25:
                path = f"/orders/{placed.pop(self.random.randrange(len(placed)))}/cancel"
                await self.insist("cancel", path, None)
            else:
                attempt = await self._order(products)
                if attempt.resource is not None:
                    placed.append(attempt.resource.rsplit("/", 1)[-1])
            await _pause(until, 1 + 2 * self.random.random())

    async def _order(self, products: Sequence[dict[str, Any]]) -> Attempt:
        chosen = self.random.sample(products, self.random.randint(1, 3))
        items = [
            {"productId": product["productId"], "quantity": self.random.randint(1, 3)}
            for product in chosen
        ]
        wait = self.random.choice((None, None, 2))
        if self.random.random() < 0.7:
            return await self.insist("order", "/orders", {"items": items}, wait=wait)
        return await self.ask("order", "POST", "/orders", {"items": items}, wait=wait)


def _learn(attempt: Attempt, response: httpx.Response) -> None:
    attempt.status = response.status_code
    is_json = "json" in response.headers.get("content-type", "")
    document: Any = response.json() if response.content and is_json else None
    if response.status_code == 202:
        attempt.operation_id = document["operationId"]
        attempt.resource = (document["resource"] or "").removeprefix("/v1") or None
    elif response.is_error:
        attempt.slug = (document or {}).get("type")
    else:
        attempt.answer = document
        location = response.headers.get("location")
        attempt.resource = location.removeprefix("/v1") if location else None


async def _pause(until: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await until.wait()
    except TimeoutError:
        return
