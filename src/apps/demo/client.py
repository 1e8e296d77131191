"""A client of the HTTP API, which says what it wants as any program in any language would."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from random import SystemRandom
from types import TracebackType
from typing import Any, Final, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.fields import Wire
from tradex_core.events.order import OrderDocument
from tradex_core.events.product import ProductDocument
from tradex_core.events.user import UserDocument
from tradex_core.views.order_view import TimelineEntry

T = TypeVar("T")

_PATIENCE_SECONDS: Final = 30
_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.25
_TRIES: Final = 5
_chance: Final = SystemRandom()
_BUSY: Final = frozenset({429, 503})
_PAGE: Final = 100
_DATA: Final = "data:"
_JSON: Final = {"content-type": "application/json"}
_WAIT: Final = {"prefer": f"wait={_PATIENCE_SECONDS}"}


class ApiError(Exception):
    """The API answered something else than what was hoped for, or nothing."""


class NotYetThere(ApiError):
    """There is no such thing, or not yet: views follow a moment later."""


class Tokens(Wire, frozen=True):
    """What logging in gives."""

    access_token: str
    refresh_token: str


class Accepted(Wire, frozen=True):
    """A command that was accepted: its operation, and where the thing it makes will be."""

    operation_id: str
    resource: str

    @property
    def resource_id(self) -> str:
        """The id of the thing it makes."""
        return self.resource.rsplit("/", 1)[-1]


class Operation(Wire, frozen=True):
    """A command and what became of it, but for when and with which result."""

    operation_id: str
    command: str
    status: str


class Page(Wire, frozen=True):
    """A part of a list, and the cursor of the next."""

    items: tuple[msgspec.Raw, ...]
    next_cursor: str | None = None


class Problem(Wire, frozen=True):
    """Why the API refused (RFC 9457)."""

    title: str = "no reason given"
    detail: str = ""


class ApiClient:
    """Speaks to a gateway over kept connections; as many requests at once as are made.

    Where the gateway is busy (503, or 429) it waits as long as it is told and asks again, with the
    same idempotency key. Every method raises ApiError.
    """

    def __init__(
        self,
        url: str,
        *,
        connections: int = 32,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.AsyncClient(
            base_url=f"{url}/v1",
            limits=limits,
            timeout=_PATIENCE_SECONDS + 5,
            transport=transport,
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def register(
        self, *, email: str, password: str, name: str, role: str, key: str
    ) -> UserDocument:
        """Make an account and wait until it is there."""
        body = {"email": email, "password": password, "name": name, "role": role}
        return await self._make("/auth/register", body, UserDocument, key=key)

    async def log_in(self, *, email: str, password: str) -> Tokens:
        """Sign in."""
        response = await self._send(
            "POST", "/auth/login", {"email": email, "password": password}, headers=_WAIT
        )
        return _read(response, Tokens)

    async def create_product(
        self, token: str, body: Mapping[str, Any], *, key: str
    ) -> ProductDocument:
        """Put a product into the catalogue and wait until it is there."""
        return await self._make("/products", body, ProductDocument, token=token, key=key)

    async def update_product(self, token: str, product_id: str, **changes: object) -> None:
        """Change a product and wait until it is so."""
        await self._send("PATCH", f"/products/{product_id}", changes, token=token, headers=_WAIT)

    async def increase_stock(self, token: str, product_id: str, quantity: int, *, key: str) -> None:
        """Put so many of a product into stock and wait until they are there."""
        body = {"operation": "increase", "quantity": quantity}
        await self._post_and_wait(f"/products/{product_id}/stock", body, token=token, key=key)

    async def place_order(
        self, token: str, items: Sequence[Mapping[str, Any]], *, key: str
    ) -> Accepted:
        """Place an order; it is accepted, and what becomes of it shows later."""
        response = await self._send(
            "POST", "/orders", {"items": items}, token=token, headers={"idempotency-key": key}
        )
        if response.status_code != httpx.codes.ACCEPTED:
            raise _error(response)
        return _read(response, Accepted)

    async def product(self, product_id: str) -> ProductDocument:
        """Return a product as anyone sees it."""
        return _read(await self._send("GET", f"/products/{product_id}"), ProductDocument)

    async def order(self, token: str, order_id: str) -> OrderDocument:
        """Return an order of the caller's."""
        return _read(await self._send("GET", f"/orders/{order_id}", token=token), OrderDocument)

    async def operation(self, token: str, operation_id: str) -> Operation:
        """Return what became of a command of the caller's."""
        path = f"/operations/{operation_id}"
        return _read(await self._send("GET", path, token=token), Operation)

    async def products(self) -> list[ProductDocument]:
        """Return the whole catalogue, page by page."""
        return [codec.decode(item, ProductDocument) async for item in self._pages("/products")]

    async def orders(self, token: str) -> list[OrderDocument]:
        """Return every order that the caller may see, page by page."""
        return [codec.decode(item, OrderDocument) async for item in self._pages("/orders", token)]

    async def timeline(self, token: str, order_id: str) -> AsyncGenerator[TimelineEntry, None]:
        """Follow an order's life: every step so far, then each as it happens.

        A stream of server-sent events, which ends when the gateway ends it. Close it after use.
        """
        headers = _headers(token, {"accept": "text/event-stream"})
        path = f"/orders/{order_id}/events"
        async with self._http.stream("GET", path, headers=headers) as response:
            if response.is_error:
                await response.aread()
                raise _error(response)
            async for line in response.aiter_lines():
                if line.startswith(_DATA):
                    yield codec.decode(line.removeprefix(_DATA).encode(), TimelineEntry)

    async def _pages(self, path: str, token: str | None = None) -> AsyncIterator[msgspec.Raw]:
        query: dict[str, str | int] = {"limit": _PAGE}
        while True:
            page = _read(await self._send("GET", path, token=token, query=query), Page)
            for item in page.items:
                yield item
            if page.next_cursor is None:
                return
            query["cursor"] = page.next_cursor

    async def _make(
        self,
        path: str,
        body: Mapping[str, Any],
        target: type[T],
        *,
        key: str,
        token: str | None = None,
    ) -> T:
        return _read(await self._post_and_wait(path, body, token=token, key=key), target)

    async def _post_and_wait(
        self, path: str, body: Mapping[str, Any], *, token: str | None, key: str
    ) -> httpx.Response:
        headers = {**_WAIT, "idempotency-key": key}
        response = await self._send("POST", path, body, token=token, headers=headers)
        if response.status_code == httpx.codes.ACCEPTED:
            raise _error(response)
        return response

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str | int] | None = None,
    ) -> httpx.Response:
        content = None if body is None else codec.encode(body)
        all_headers = _headers(token, {**(_JSON if content else {}), **(headers or {})})
        response = await self._ask(method, path, content, all_headers, query)
        for _ in range(_TRIES - 1):
            if response.status_code not in _BUSY:
                break
            named = float(response.headers.get("retry-after", "1"))
            await asyncio.sleep(named * _chance.uniform(1.0, 1.5))
            response = await self._ask(method, path, content, all_headers, query)
        if response.is_error:
            raise _error(response)
        return response

    async def _ask(
        self,
        method: str,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str],
        query: Mapping[str, str | int] | None,
    ) -> httpx.Response:
        try:
            return await self._http.request(
                method, path, content=content, headers=headers, params=query
            )
        except httpx.HTTPError as error:
            msg = f"{method} {path}: no answer ({type(error).__name__})"
            raise ApiError(msg) from error


async def until(ask: Callable[[], Awaitable[T]], enough: Callable[[T], bool]) -> T:
    """Ask again, ever more rarely, until the answer is enough; not found may be too early.

    Raises ApiError where that takes more than 30 seconds.
    """
    pause = _FIRST_PAUSE_SECONDS
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while True:
                with suppress(NotYetThere):
                    if enough(answer := await ask()):
                        return answer
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
    except TimeoutError as error:
        msg = f"what was waited for did not come within {_PATIENCE_SECONDS} seconds"
        raise ApiError(msg) from error


def _headers(token: str | None, headers: Mapping[str, str]) -> dict[str, str]:
    return {**headers, **({"authorization": f"Bearer {token}"} if token else {})}


def _read(response: httpx.Response, target: type[T]) -> T:
    try:
        return codec.decode(response.content, target)
    except Undecodable as error:
        msg = f"{_request(response)}: the answer is not what it should be: {error}"
        raise ApiError(msg) from error


def _error(response: httpx.Response) -> ApiError:
    try:
        problem = codec.decode(response.content, Problem)
    except Undecodable:
        problem = Problem()
    answer = f"{response.status_code} {problem.title}. {problem.detail}".strip()
    kind = NotYetThere if response.status_code == httpx.codes.NOT_FOUND else ApiError
    return kind(f"{_request(response)}: {answer}")


def _request(response: httpx.Response) -> str:
    return f"{response.request.method} {urlsplit(str(response.request.url)).path}"
