"""Every ring is rotated under a running platform: nobody who uses it notices."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import httpx
import pytest
from tests.journeys.log import records_of
from tests.journeys.people import PASSWORD, WAIT, People
from tests.journeys.rings import FILES, PUBLIC, files_of, signed_by, tradex_keys

from adapters.security.sealing import HpkeSealer
from apps.platform.platform import Platform
from apps.runtime.settings import NO_LIMITS, Settings
from tradex_core.events import topics
from tradex_core.messaging.broker import Message, Record

AUTH_DEAD_LETTERS = topics.dead_letter_topic(topics.AUTH_COMMANDS)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a platform whose rings are files, each with one key."""
    for ring in FILES:
        tradex_keys("new", ring, tmp_path)
    others = {"TRADEX_HTTP_PORT": "0", "TRADEX_ARGON2": "owasp-minimum"}
    environ = files_of(tmp_path) | others
    return Settings.load(environ, None, metrics_port=0, **NO_LIMITS)


@pytest.fixture
async def operator(platform: Platform) -> AsyncIterator[httpx.AsyncClient]:
    """A client of what is not under /v1."""
    async with httpx.AsyncClient(base_url=platform.url) as client:
        yield client


async def kids(operator: httpx.AsyncClient) -> list[str]:
    """Return the ids of the keys that are published."""
    answer = await operator.get("/.well-known/jwks.json")
    return [jwk["kid"] for jwk in answer.json()["keys"]]


async def logs_in_sealed_to(public: str, platform: Platform, email: str, command_id: str) -> None:
    """Log in as a replica of the gateway would that seals to this key still."""
    sealed = HpkeSealer.from_text(public).seal(PASSWORD, command_id)
    data = {"email": email, "password": {"sealed": sealed.sealed, "kid": sealed.kid}}
    value = json.dumps({"command": "LOGIN_USER", "data": data}).encode()
    headers = (("ce_id", command_id.encode()),)
    message = Message(topics.AUTH_COMMANDS, email.encode(), value, headers)
    assert [None] == await platform.broker.publish([message])
    assert await platform.quiet(20)


async def replies_to(platform: Platform, command_id: str) -> Sequence[Record]:
    found = await records_of(platform, topics.COMMAND_REPLIES)
    return [each for each in found if command_id in (each.value or b"").decode()]


async def registers_once(operator: httpx.AsyncClient) -> httpx.Response:
    """Register Ivo, by the same request each time."""
    ivo = {"email": "ivo@example.com", "password": PASSWORD, "name": "Ivo", "role": "buyer"}
    return await operator.post("/v1/auth/register", json=ivo, headers={"Idempotency-Key": "once"})


async def published(operator: httpx.AsyncClient, *expected: str) -> None:
    """Wait until exactly these keys are published."""
    async with asyncio.timeout(30):
        while set(await kids(operator)) != set(expected):  # noqa: ASYNC110 - it is elsewhere
            await asyncio.sleep(0.05)


async def test_people_go_on_while_every_key_is_replaced(
    platform: Platform, people: People, operator: httpx.AsyncClient, tmp_path: Path
) -> None:
    former_public = (tmp_path / PUBLIC).read_text()
    person = ana = await people.buyer("ana@example.com")
    asked = await registers_once(operator)
    rotated = {ring: tradex_keys("rotate", ring, tmp_path, "--after", "3s") for ring in FILES}
    old, new = (key["kid"] for key in rotated["jwt"])
    await published(operator, old, new)
    joined = 0
    async with asyncio.timeout(30):
        while signed_by(person.session["accessToken"]) == old:
            joined += 1
            person = await people.buyer(f"buyer-{joined}@example.com")
            assert 200 == (await ana.get("/me")).status_code
    assert joined > 1
    assert new == signed_by(person.session["accessToken"])
    assert {old, new} == set(await kids(operator))
    again = await registers_once(operator)
    assert "true" == again.headers["idempotent-replayed"]
    assert asked.json()["operationId"] == again.json()["operationId"]
    assert "succeeded" == (await operator.get(asked.headers["location"])).json()["status"]
    await logs_in_sealed_to(former_public, platform, "ana@example.com", "sealed-to-the-former")
    assert 1 == len(await replies_to(platform, "sealed-to-the-former"))
    assert [] == await records_of(platform, AUTH_DEAD_LETTERS)


async def test_once_the_old_keys_are_destroyed_what_they_made_is_good_for_nothing(
    platform: Platform, people: People, operator: httpx.AsyncClient, tmp_path: Path
) -> None:
    former_public = (tmp_path / PUBLIC).read_text()
    ana = await people.buyer("ana@example.com")
    former = {}
    for ring in FILES:
        old, _ = tradex_keys("rotate", ring, tmp_path, "--after", "0s")
        former[ring] = old["kid"]
        [left] = tradex_keys("destroy", ring, tmp_path, old["kid"])
        if ring == "jwt":
            await published(operator, left["kid"])
    assert 401 == (await ana.get("/me")).status_code
    late, letters = 0, list[Record]()
    async with asyncio.timeout(30):
        while not letters:
            late += 1
            await logs_in_sealed_to(former_public, platform, "ana@example.com", f"late-{late}")
            letters = await records_of(platform, AUTH_DEAD_LETTERS)
    told = dict(letters[0].headers)
    assert b"undecodable" == told["dlq-reason"]
    assert former["sealing"].encode() in told["dlq-exception-message"]
    assert b"once it is destroyed" in told["dlq-exception-message"]
    assert [] == await replies_to(platform, f"late-{late}")
    session = {"refreshToken": ana.session["refreshToken"]}
    assert 200 == (await operator.post("/v1/auth/refresh", json=session, headers=WAIT)).status_code
    await people.buyer("afterwards@example.com")


async def test_a_ring_that_cannot_be_read_leaves_everybody_signed_in_and_is_told_of_inside(
    platform: Platform, people: People, operator: httpx.AsyncClient, tmp_path: Path
) -> None:
    ana = await people.buyer("ana@example.com")
    (tmp_path / FILES["jwt"]).write_text("hunter2")
    ready: dict[str, list[str]] = {}
    async with asyncio.timeout(30):
        while "warnings" not in ready:
            answer = await operator.get(f"{platform.internal_url}/health/ready")
            assert 200 == answer.status_code
            ready = answer.json()
    [warning] = ready["warnings"]
    assert warning.startswith("TRADEX_JWT_SIGNING_KEY_FILE: each key must be 32 bytes")
    assert "hunter2" not in warning
    assert "warnings" not in (await operator.get("/health/ready")).json()
    assert 200 == (await ana.get("/me")).status_code
    await people.signed_in("ana@example.com")
