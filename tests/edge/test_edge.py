"""What the internet sees of the platform, through a real nginx."""

import asyncio
import ssl
import warnings
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.edge.conftest import nginx_before
from tests.edge.nginx import Nginx
from tests.journeys.people import People, an_account
from tests.services.servers.process import free_port

from apps.platform.platform import Platform

FOR_OPERATORS = (
    "/metrics",
    "/metrics/",
    "//metrics",
    "/health/ready",
    "/health",
    "/health/live/../ready",
    "/v1/../metrics",
    "/v1/%2e%2e/health/ready",
    "/v1/..%2Fhealth%2Fready",
)


async def handshake(edge: Nginx, context: ssl.SSLContext) -> ssl.SSLObject:
    """Return what was agreed on; raises SSLError where nothing was."""
    _, writer = await asyncio.open_connection(
        "127.0.0.1", edge.port, ssl=context, server_hostname="localhost"
    )
    agreed: ssl.SSLObject = writer.get_extra_info("ssl_object")
    writer.close()
    return agreed


async def ask_at_once(edge: Nginx, context: ssl.SSLContext, path: str, *, times: int) -> str:
    """Ask so often without waiting for answers; return all of them."""
    reader, writer = await asyncio.open_connection("localhost", edge.port, ssl=context)
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n"
    writer.write((f"{head}\r\n" * (times - 1) + f"{head}Connection: close\r\n\r\n").encode())
    answers = await reader.read(-1)
    writer.close()
    return answers.decode()


def client_at(edge: Nginx, trusting: ssl.SSLContext, address: str) -> httpx.AsyncClient:
    transport = httpx.AsyncHTTPTransport(verify=trusting, local_address=address)
    return httpx.AsyncClient(transport=transport, base_url=edge.url)


def problem_in(answer: httpx.Response) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert "application/problem+json" == answer.headers["content-type"]
    assert "no-store" == answer.headers["cache-control"]
    assert answer.status_code == problem["status"]
    return problem


async def test_http2_is_spoken_with_whoever_can(edge: Nginx, trusting: ssl.SSLContext) -> None:
    trusting.set_alpn_protocols(["h2", "http/1.1"])
    assert "h2" == (await handshake(edge, trusting)).selected_alpn_protocol()


async def test_tls_is_spoken_from_1_2_on(edge: Nginx, trusting: ssl.SSLContext) -> None:
    for version, name in ((ssl.TLSVersion.TLSv1_3, "TLSv1.3"), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")):
        trusting.minimum_version = trusting.maximum_version = version
        assert name == (await handshake(edge, trusting)).version()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        trusting.minimum_version = trusting.maximum_version = ssl.TLSVersion.TLSv1_1
    trusting.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="ALERT_PROTOCOL_VERSION"):
        await handshake(edge, trusting)


async def test_whoever_comes_without_tls_is_sent_to_it(edge: Nginx) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"http://localhost:{edge.plain_port}/v1/orders?x=1")
    assert (308, "https://localhost/v1/orders?x=1") == (
        answer.status_code,
        answer.headers["location"],
    )


async def test_an_orders_events_come_through_as_they_happen(people: People) -> None:
    seller, buyer = await people.seller(), await people.buyer()
    order = (await buyer.orders(await seller.sells())).json()
    path = f"/orders/{order['orderId']}"
    async with asyncio.timeout(10), buyer.follow(f"{path}/events") as events:
        seen = [(await anext(events))["status"]]
        while seen[-1] != "confirmed":
            seen.append((await anext(events))["status"])
        for status in ("processing", "shipped"):
            await seller.post(f"{path}/status", {"status": status})
            seen.append((await anext(events))["status"])
    assert ["confirmed", "processing", "shipped"] == seen[-3:]


async def test_a_body_that_is_too_large_is_refused_as_the_gateway_does(
    platform: Platform, browser: httpx.AsyncClient
) -> None:
    body = b" " * (64 * 1024 + 1)
    refused = await browser.post("/v1/auth/login", content=body)
    async with httpx.AsyncClient() as inside:
        by_the_gateway = await inside.post(f"{platform.url}/v1/auth/login", content=body)
    assert 413 == refused.status_code
    assert by_the_gateway.json() == problem_in(refused)


async def test_an_address_that_a_client_claims_changes_nothing(browser: httpx.AsyncClient) -> None:
    statuses = []
    for number in range(4):
        claimed = f"192.0.2.{number}"
        answer = await browser.post(
            "/v1/auth/register",
            json=an_account(f"ana{number}@example.com"),
            headers={"x-forwarded-for": claimed, "forwarded": f"for={claimed}"},
        )
        statuses.append(answer.status_code)
    assert [202, 202, 429, 429] == statuses


async def test_each_address_is_limited_for_itself(edge: Nginx, trusting: ssl.SSLContext) -> None:
    statuses = []
    for address in ("127.0.0.2", "127.0.0.3"):
        async with client_at(edge, trusting, address) as client:
            for number in range(3):
                account = an_account(f"ana{number}@example.com")
                answer = await client.post("/v1/auth/register", json=account)
                statuses.append(answer.status_code)
    assert [202, 202, 429] * 2 == statuses


async def test_who_asks_for_too_much_is_told_to_wait(edge: Nginx, trusting: ssl.SSLContext) -> None:
    asked = 600
    answers = await ask_at_once(edge, trusting, "/v1/nothing", times=asked)
    refused = answers.count("HTTP/1.1 429 ")
    assert 200 <= asked - refused < asked
    last = answers.rpartition("HTTP/1.1 429 ")[2]
    assert "Retry-After: 1\r\n" in last
    assert "Content-Type: application/problem+json\r\n" in last
    assert '"type":"too_many_requests"' in last
    assert '"instance":"/v1/nothing"' in last


async def test_of_what_is_for_operators_only_whether_it_lives_can_be_asked(
    browser: httpx.AsyncClient,
) -> None:
    statuses = {}
    for path in FOR_OPERATORS:
        raw = browser.base_url.copy_with(raw_path=path.encode())
        statuses[path] = (await browser.get(raw)).status_code
    assert dict.fromkeys(FOR_OPERATORS, 404) == statuses
    assert {"status": "live"} == (await browser.get("/health/live")).json()


async def test_every_answer_tells_browsers_to_be_careful(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/docs", "/v1/products", "/v1/nothing"):
        headers = (await browser.get(path)).headers
        assert "max-age=31536000" == headers["strict-transport-security"]
        assert ["nosniff"] == headers.get_list("x-content-type-options")
        assert "DENY" == headers["x-frame-options"]
        assert 1 == len(headers.get_list("referrer-policy"))
        assert "nginx" == headers["server"]
        assert 1 == len(headers.get_list("content-security-policy"))


async def test_the_storefront_is_served_and_nothing_beside_it(
    edge: Nginx, browser: httpx.AsyncClient
) -> None:
    (edge.storefront / "shop.js").write_text("let shop")
    page = await browser.get("/")
    assert "text/html" == page.headers["content-type"]
    assert page.text == (await browser.get("/orders/of/mine")).text
    assert "let shop" == (await browser.get("/shop.js")).text
    for path in ("/%2e%2e/log", "/..%2flog", "/%2e%2e/nginx.conf"):
        assert 400 == (await browser.get(path)).status_code


async def test_closed_for_maintenance_everybody_is_told_to_come_back(
    edge: Nginx, browser: httpx.AsyncClient
) -> None:
    (edge.pages / "closed").touch()
    page = await browser.get("/orders/of/mine")
    assert (503, "120", "text/html") == (
        page.status_code,
        page.headers["retry-after"],
        page.headers["content-type"],
    )
    assert "Back in a moment" in page.text
    for path in ("/v1/products", "/v1/orders/1/events"):
        answer = await browser.get(path)
        assert (503, "120") == (answer.status_code, answer.headers["retry-after"])
        assert ("unavailable", path) == (problem_in(answer)["type"], problem_in(answer)["instance"])

    (edge.pages / "closed").unlink()
    assert 200 == (await browser.get("/v1/products")).status_code


async def test_while_the_gateway_is_away_clients_are_told_to_try_again(
    tmp_path: Path, secrets: Path, trusting: ssl.SSLContext
) -> None:
    async with (
        nginx_before(f"http://127.0.0.1:{free_port()}", tmp_path, secrets) as edge,
        httpx.AsyncClient(base_url=edge.url, verify=trusting) as client,
    ):
        answer = await client.get('/v1/products?q="x"')
        page = await client.get("/")
    assert (503, "5") == (answer.status_code, answer.headers["retry-after"])
    assert ("unavailable", "/v1/products") == (
        problem_in(answer)["type"],
        problem_in(answer)["instance"],
    )
    assert 200 == page.status_code
