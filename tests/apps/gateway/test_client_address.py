"""Where a request comes from: what anybody can write into a header changes nothing."""

from typing import cast

import httpx
import pytest
from litestar.types import Receive, Scope, Send

from apps.gateway.client_address import TrustedProxies
from apps.runtime.http_server import HttpServer
from apps.runtime.setting_values import networks

PROXY = "10.0.0.2"
TRUSTING = TrustedProxies(networks(f"{PROXY}, 10.1.0.0/24, 2001:db8:ffff::/48"))


def scope_of(peer: str | None, *forwarded: str, **headers: str) -> Scope:
    raw = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    raw += [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return cast("Scope", {"client": (peer, 1) if peer else None, "headers": raw})


def seen(peer: str | None, *forwarded: str, trusting: TrustedProxies = TRUSTING) -> str:
    return trusting.network_of(scope_of(peer, *forwarded))


def test_without_a_proxy_it_is_who_is_connected() -> None:
    assert "198.51.100.7" == seen("198.51.100.7")


@pytest.mark.parametrize("claimed", ["192.0.2.1", "10.0.0.2", "192.0.2.1, 10.0.0.2", "", ",,"])
def test_who_is_connected_directly_can_claim_nothing(claimed: str) -> None:
    assert "198.51.100.7" == seen("198.51.100.7", claimed)
    assert PROXY == seen(PROXY, claimed, trusting=TrustedProxies(()))


def test_a_trusted_proxy_says_who_is_connected_to_it() -> None:
    assert "198.51.100.7" == seen(PROXY, "198.51.100.7")


@pytest.mark.parametrize(
    "forwarded",
    [
        ("192.0.2.1, 198.51.100.7",),
        ("10.0.0.2, 198.51.100.7",),
        ("192.0.2.1,10.1.0.9 ,198.51.100.7",),
        ("nonsense, 198.51.100.7",),
        ("192.0.2.1", "198.51.100.7"),
        ("192.0.2.1", "198.51.100.7, 10.1.0.9"),
    ],
)
def test_what_the_client_wrote_before_the_proxy_is_ignored(forwarded: tuple[str, ...]) -> None:
    assert "198.51.100.7" == seen(PROXY, *forwarded)


def test_of_a_chain_it_is_whoever_the_last_trusted_proxy_saw() -> None:
    assert "198.51.100.7" == seen(PROXY, "192.0.2.1, 198.51.100.7, 10.1.0.9")


def test_where_everybody_is_trusted_it_is_the_first() -> None:
    assert "10.1.0.7" == seen(PROXY, "10.1.0.7, 10.1.0.9")


@pytest.mark.parametrize("forwarded", ["", "nonsense", "unknown", "198.51.100.7.9", "_hidden"])
def test_what_is_no_address_leaves_it_at_who_passed_it_on(forwarded: str) -> None:
    assert PROXY == seen(PROXY, forwarded)
    assert "10.1.0.9" == seen(PROXY, f"{forwarded}, 10.1.0.9")


@pytest.mark.parametrize("name", ["forwarded", "x_real_ip", "cf_connecting_ip", "true_client_ip"])
def test_no_other_header_says_anything(name: str) -> None:
    scope = scope_of(PROXY, **{name: "for=192.0.2.1"})
    assert PROXY == TRUSTING.network_of(scope)


@pytest.mark.parametrize(
    ("written", "network"),
    [
        ("198.51.100.7:4711", "198.51.100.7"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2:ffff::1]:4711", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_an_address_is_one_however_it_is_written(written: str, network: str) -> None:
    assert network == seen(PROXY, written)


def test_a_subscriber_of_ipv6_is_one_whatever_addresses_they_take() -> None:
    assert seen("2001:db8:1:2::1") == seen("2001:db8:1:2:ffff:ffff:ffff:ffff")
    assert seen("2001:db8:1:2::1") != seen("2001:db8:1:3::1")


def test_proxies_may_have_ipv6_addresses_too() -> None:
    assert "198.51.100.7" == seen("2001:db8:ffff::1", "198.51.100.7")


def test_a_proxy_on_a_socket_for_both_families_is_the_same_proxy() -> None:
    assert "198.51.100.7" == seen(f"::ffff:{PROXY}", "198.51.100.7")


def test_who_has_no_address_is_one_with_all_others_of_that_kind() -> None:
    assert seen(None) == seen("/run/some.sock")


async def test_the_server_itself_believes_no_header() -> None:
    async def tell(scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        body = TrustedProxies(()).network_of(scope).encode()
        await send({"type": "http.response.body", "body": body, "more_body": False})

    server = HttpServer(tell, host="127.0.0.1", port=0, lifespan=False)
    await server.open()
    async with httpx.AsyncClient() as client:
        forged = {"x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https"}
        answer = await client.get(server.url, headers=forged)
    await server.close()
    assert "127.0.0.1" == answer.text
