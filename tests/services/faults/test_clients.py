"""The clients of a campaign are as patient as people are."""

from random import Random

import httpx
from tests.services.faults.clients import Client
from tests.services.faults.history import History

TOKENS = {"accessToken": "new", "refreshToken": "another", "tokenType": "Bearer", "expiresIn": 600}


def gateway(request: httpx.Request) -> httpx.Response:
    """Answer as one does that has never heard of the token `old`."""
    if request.url.path == "/v1/auth/login":
        return httpx.Response(200, json=TOKENS)
    known = request.headers["authorization"] == "Bearer new"
    return httpx.Response(200, json={"name": "Ana"}) if known else httpx.Response(401, json={})


async def test_whose_token_has_expired_logs_in_again_and_asks_again() -> None:
    transport = httpx.MockTransport(gateway)
    ana = Client("ana", ["http://gateway"], History(), Random(1), transport=transport)
    await ana.log_in("ana@example.com")
    ana.token = "old"
    attempt = await ana.ask("read", "GET", "/me")
    await ana.close()
    assert (200, "new") == (attempt.status, ana.token)
    assert ["log in", "read", "log in", "read"] == [each.kind for each in ana.history.attempts]
