"""What clients send by mistake: secrets where none belong, in every route."""

import base64
from collections.abc import Iterable, Iterator
from typing import Any, Final
from urllib.parse import urlencode

from tests.journeys.everywhere import Route, Visitor

_TOO_LONG: Final = 70_000
_WITH_BODY: Final = frozenset({"POST", "PATCH"})
_UNKNOWN: Final[Route] = ("GET", "/v1/nothing/{order_id}")


async def be_careless(visitor: Visitor, routes: Iterable[Route]) -> None:
    """Send secrets everywhere but where they belong; none of it is to be taken for something."""
    for method, template in (*routes, _UNKNOWN, ("BREW", "/v1/orders")):
        for path, sent in _requests(visitor, method, template):
            async with visitor.api.stream(method, path, **sent) as answer:
                assert answer.status_code < 500, (method, path, sent)
        for sent in _bodies(visitor) if method in _WITH_BODY else ():
            headers = {**visitor.bearer("admin"), **sent.pop("headers", {})}
            path = visitor.path(template)
            answer = await visitor.api.request(method, path, headers=headers, **sent)
            assert 400 <= answer.status_code < 500, (method, path, sent)


def _requests(visitor: Visitor, method: str, template: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield paths and what is sent there, beside a body."""
    secret, path = visitor.canary.secret, visitor.path(template)
    token = visitor.sessions["buyer"]["accessToken"]
    basic = base64.b64encode(f"ada:{secret('basic credentials')}".encode()).decode()
    query = {
        "q": secret("a search"),
        "cursor": secret("a cursor"),
        "password": secret("a query"),
        "access_token": token,
        "refreshToken": visitor.sessions["buyer"]["refreshToken"],
    }
    for authorization in (
        f"Bearer {secret('a bearer')}",
        f"Bearer {token[:-4]}AAAA",
        f"Bearer {token} {secret('a second bearer')}",
        f"Basic {basic}",
        token,
        secret("an authorization"),
    ):
        yield path, {"headers": {"Authorization": authorization}}
    yield f"{path}?{urlencode(query)}", {"headers": visitor.bearer("buyer")}
    yield f"{path}?{secret('a query without a name')}", {}
    yield path, {"headers": _headers(visitor)}
    yield path.replace("/v1/", f"/v1/{secret('a path')}/"), {"headers": visitor.bearer("buyer")}
    ids = dict.fromkeys(visitor.ids, secret("an id"))
    yield template.format_map(ids), {"headers": visitor.bearer("admin")}
    yield f"{path}/{token}", {}


def _headers(visitor: Visitor) -> dict[str, str]:
    names = (
        *("Baggage", "Cookie", "Forwarded", "Last-Event-ID", "Origin", "Prefer", "Referer"),
        *("Traceparent", "User-Agent", "X-Api-Key", "X-Correlation-ID", "X-Forwarded-For"),
        *("X-Request-ID", "correlation-id", "actor-id", "actor-signature", "kafka_replyTopic"),
    )
    secret = visitor.canary.secret("a header")
    return {**visitor.bearer("buyer"), **dict.fromkeys(names, f"token={secret}")}


def _bodies(visitor: Visitor) -> Iterator[dict[str, Any]]:
    """Yield bodies that no route takes."""
    secret, password = visitor.canary.secret, visitor.password("buyer")
    refresh = visitor.sessions["buyer"]["refreshToken"]
    wrong = secret("a wrong field")
    fields = ("email", "name", "role", "refreshToken", "items", "status", "operation", "sku")
    json = {"headers": {"Content-Type": "application/json"}}
    yield {"content": f'{{"email": "a@b.c", "password": "{password}"', **json}
    yield {"content": f'{{"password": "{secret("half a body")}\x00"}}', **json}
    yield {"content": f'{{"password": "{password}", "password": "{password}"}}', **json}
    yield {"content": b'"' + secret("broken text").encode() + b'\xff"', **json}
    yield {"content": "[" * 2_000 + f'"{secret("a deep body")}"', **json}
    yield {"content": '{"name": "' + secret("a long body") * (_TOO_LONG // 40) + '"}', **json}
    yield {"json": {"passwrd": wrong, wrong: wrong, "refresh_token": refresh}}
    yield {"json": {name: {"value": wrong} for name in fields}}
    yield {"json": {name: [wrong, refresh] for name in fields}}
    yield {"json": {"email": wrong, "password": wrong, "name": "Ana", "role": wrong}}
    yield {"json": {"email": wrong, "password": {"value": password}}}
    yield {"json": [password, refresh]}
    yield {"json": password}
    yield {"data": {"email": "a@b.c", "password": password, "refreshToken": refresh}}
    yield {"content": secret("a plain text"), "headers": {"Content-Type": "text/plain"}}
    yield {"content": password, "headers": {"Content-Type": f"application/{secret('a type')}"}}
