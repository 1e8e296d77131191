"""Accounts and sessions: registering, signing in, staying signed in, and signing out."""

import re
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest
from msgspec import Struct
from tests.apps.gateway.world import BUYER, Command, Service, World
from tests.builders.views import a_user_document, a_user_view

from tradex_core.clock import epoch_ms
from tradex_core.users.errors import EmailTaken, InvalidCredentials, SessionEnded

REGISTER, LOGIN = "/v1/auth/register", "/v1/auth/login"
REFRESH, LOGOUT = "/v1/auth/refresh", "/v1/auth/logout"
PASSWORD = "plum tram 42 quiet"
CREDENTIALS = {"email": "ana@example.com", "password": PASSWORD}
WAIT = {"prefer": "wait=5"}
AT_ONCE = {"prefer": "wait=0"}
REFRESH_TOKEN = re.compile(r"[0-9a-f-]{36}\.[A-Za-z0-9_-]{43}")


SPOILINGS: dict[str, Callable[[str], str]] = {
    "garbage": lambda _: "x",
    "a newline at the end": lambda token: f"{token}\n",
    "upper case": str.upper,
    "cut off": lambda token: token[:-1],
}


class SignedIn(Struct, rename="camel"):
    """Of what the auth service answers, what the gateway has to know."""

    user_id: str = BUYER.user_id
    role: str = "buyer"


def a_registration(**changes: object) -> dict[str, object]:
    return {**CREDENTIALS, "name": "Ana Trujillo", "role": "buyer", **changes}


def sha(token: str) -> str:
    return sha256(token.encode()).hexdigest()


async def written(world: World) -> bytes:
    """Return every byte that was published."""
    return b"".join(
        (command.record.value or b"")
        + b"".join(value or b"" for _, value in command.record.headers)
        for command in await world.commands()
    )


@pytest.fixture
def auth(running: World, service: Service) -> Service:
    """An auth service that knows who Ana is."""
    running.show(a_user_view())
    service.answers("LOGIN_USER", SignedIn())
    service.answers("REFRESH_SESSION", SignedIn())
    service.answers("END_SESSION", None)
    return service


async def sign_in(client: httpx.AsyncClient) -> dict[str, Any]:
    answer = await client.post(LOGIN, json=CREDENTIALS)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


class TestRegistering:
    async def test_nobody_becomes_an_admin(self, running: World, anyone: httpx.AsyncClient) -> None:
        answer = await anyone.post(REGISTER, json=a_registration(role="admin"))
        assert answer.status_code == 403
        assert answer.json()["type"] == "role_not_allowed"
        assert [] == await running.commands()

    @pytest.mark.parametrize(
        "password",
        ["", "short", "a" * 129, "password", "PassWord", "12345678", "ana@example.com"],
    )
    async def test_a_weak_password_is_pointed_at(
        self, running: World, anyone: httpx.AsyncClient, password: str
    ) -> None:
        answer = await anyone.post(REGISTER, json=a_registration(password=password))
        [error] = answer.json()["errors"]
        assert answer.status_code == 400
        assert answer.json()["type"] == "weak_password"
        assert error == {"pointer": "/password", "detail": answer.json()["detail"]}
        assert [] == await running.commands()

    async def test_a_password_that_is_the_name_is_weak(self, anyone: httpx.AsyncClient) -> None:
        answer = await anyone.post(REGISTER, json=a_registration(password="ANA TRUJILLO"))
        assert answer.json()["type"] == "weak_password"

    async def test_a_password_is_never_written_anywhere(
        self, running: World, anyone: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sealer = running.container.sealer()
        seal = sealer.seal

        def seal_backwards(password: str, context: str) -> object:
            return seal(password[::-1], context)

        monkeypatch.setattr(sealer, "seal", seal_backwards)
        headers = {"idempotency-key": "k"}
        await anyone.post(REGISTER, json=a_registration(), headers=headers)
        command = await running.only_command()
        assert {"sealed", "kid"} == command.data["password"].keys()
        assert command.data["password"]["sealed"].startswith(command.envelope.id)
        assert PASSWORD.encode() not in await written(running)
        assert PASSWORD not in repr(vars(running.records))

    @pytest.mark.parametrize("email", [" Ana@Example.COM ", "ANA@EXAMPLE.COM", "ana@example.com"])
    async def test_an_address_has_one_spelling(
        self, running: World, anyone: httpx.AsyncClient, email: str
    ) -> None:
        await anyone.post(REGISTER, json=a_registration(email=email))
        command = await running.only_command()
        assert command.data["email"] == "ana@example.com"
        assert command.record.key == b"ana@example.com"

    async def test_who_does_not_say_a_role_is_a_buyer(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        registration = a_registration()
        del registration["role"]
        await anyone.post(REGISTER, json=registration)
        assert (await running.only_command()).data["role"] == "buyer"

    async def test_who_waits_sees_the_account(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        auth.answers("REGISTER_USER", a_user_document())
        answer = await anyone.post(REGISTER, json=a_registration(), headers=WAIT)
        assert answer.status_code == 201
        assert answer.headers["location"] == "/v1/me"
        assert answer.headers["preference-applied"] == "wait=5"
        assert answer.json()["userId"] == BUYER.user_id
        assert "password" not in answer.text

    async def test_a_taken_address_is_a_conflict(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        auth.answers("REGISTER_USER", EmailTaken.of("ana@example.com"))
        answer = await anyone.post(REGISTER, json=a_registration(), headers=WAIT)
        assert answer.status_code == 409
        assert answer.json()["type"] == "email_taken"


class TestSigningIn:
    async def test_it_gives_tokens_without_being_asked_to_wait(
        self, running: World, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        answer = await anyone.post(LOGIN, json=CREDENTIALS)
        tokens = answer.json()
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert "preference-applied" not in answer.headers
        assert {"accessToken", "tokenType", "expiresIn", "refreshToken"} == tokens.keys()
        assert ("Bearer", 600) == (tokens["tokenType"], tokens["expiresIn"])
        assert REFRESH_TOKEN.fullmatch(tokens["refreshToken"])

        anyone.headers["authorization"] = f"Bearer {tokens['accessToken']}"
        assert (await anyone.get("/v1/me")).json()["userId"] == BUYER.user_id

    async def test_a_message_never_carries_a_token(
        self, running: World, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        tokens = await sign_in(anyone)
        command = await running.only_command()
        log = await written(running)
        assert {"email", "password", "sessionId", "tokenHash"} == command.data.keys()
        assert command.data["tokenHash"] == sha(tokens["refreshToken"])
        assert command.data["sessionId"] == tokens["refreshToken"].partition(".")[0]
        assert tokens["refreshToken"].partition(".")[2].encode() not in log
        assert tokens["accessToken"].encode() not in log

    @pytest.mark.parametrize(("prefer", "seconds"), [(None, 5), ("wait=20", 20), ("wait=99", 30)])
    async def test_after_the_wait_nobody_begins_with_it(
        self,
        running: World,
        auth: Service,
        anyone: httpx.AsyncClient,
        prefer: str | None,
        seconds: int,
    ) -> None:
        headers = {} if prefer is None else {"prefer": prefer}
        await anyone.post(LOGIN, json=CREDENTIALS, headers=headers)
        deadline = running.clock.now() + timedelta(seconds=seconds)
        command = await running.only_command()
        assert epoch_ms(deadline) == command.envelope.deadline_ms
        assert ("deadline", b"%d" % epoch_ms(deadline)) in command.record.headers

    async def test_who_does_not_wait_gets_an_operation(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        answer = await anyone.post(LOGIN, json=CREDENTIALS, headers=AT_ONCE)
        assert answer.status_code == 202
        assert answer.json()["resource"] is None
        assert "accessToken" not in answer.text

    async def test_wrong_credentials_are_a_401(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        auth.answers("LOGIN_USER", InvalidCredentials())
        answer = await anyone.post(LOGIN, json=CREDENTIALS)
        assert answer.status_code == 401
        assert answer.json()["type"] == "invalid_credentials"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "ana@example.com" not in answer.text

    @pytest.mark.parametrize("path", [LOGIN, REGISTER])
    async def test_a_password_beyond_all_bounds_is_not_published(
        self, running: World, anyone: httpx.AsyncClient, path: str
    ) -> None:
        body = a_registration(password="a" * 1025)
        if path == LOGIN:
            body = {**CREDENTIALS, "password": "a" * 1025}
        answer = await anyone.post(path, json=body)
        assert answer.status_code == 400
        assert ["/password"] == [error["pointer"] for error in answer.json()["errors"]]
        assert [] == await running.commands()

    async def test_signing_in_twice_opens_two_sessions(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        first, second = await sign_in(anyone), await sign_in(anyone)
        assert first["refreshToken"] != second["refreshToken"]


class TestRepeating:
    async def test_the_same_key_gives_the_same_session(
        self, running: World, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        headers = {"idempotency-key": "login"}
        first = await anyone.post(LOGIN, json=CREDENTIALS, headers=headers)
        again = await anyone.post(LOGIN, json=CREDENTIALS, headers=headers)
        assert again.status_code == 200
        assert again.headers["idempotent-replayed"] == "true"
        assert first.json()["refreshToken"] == again.json()["refreshToken"]
        assert len({command.envelope.id for command in await running.commands()}) == 1

    async def test_another_replica_gives_the_same_session(
        self, running: World, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        headers = {"idempotency-key": "login"}
        first = await anyone.post(LOGIN, json=CREDENTIALS, headers=headers)
        async with running.client(container=running.new_container()) as elsewhere:
            again = await elsewhere.post(LOGIN, json=CREDENTIALS, headers=headers)
        assert first.json()["refreshToken"] == again.json()["refreshToken"]

    async def test_the_same_key_with_another_password_is_refused(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        headers = {"idempotency-key": "login"}
        await anyone.post(LOGIN, json=CREDENTIALS, headers=headers)
        other = {**CREDENTIALS, "password": "a wrong password"}
        answer = await anyone.post(LOGIN, json=other, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["type"] == "idempotency_key_reused"

    async def test_an_old_login_signs_nobody_in(
        self, running: World, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        headers = {"idempotency-key": "login"}
        await anyone.post(LOGIN, json=CREDENTIALS, headers=headers)
        running.clock.advance(timedelta(minutes=10, seconds=1))
        answer = await anyone.post(LOGIN, json=CREDENTIALS, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["type"] == "session_ended"


class TestStayingSignedIn:
    async def test_a_refresh_gives_the_next_token(
        self, running: World, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        token = (await sign_in(anyone))["refreshToken"]
        answer = await anyone.post(REFRESH, json={"refreshToken": token})
        following = answer.json()["refreshToken"]
        command = (await running.commands())[-1]
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert following != token
        assert token.partition(".")[0] == following.partition(".")[0]
        assert command.name == "REFRESH_SESSION"
        assert command.record.key == token.partition(".")[0].encode()
        assert command.data == {
            "sessionId": token.partition(".")[0],
            "tokenHash": sha(token),
            "nextTokenHash": sha(following),
        }
        assert command.envelope.deadline_ms is not None

    async def test_a_refresh_that_is_repeated_gives_the_same_token(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        body = {"refreshToken": (await sign_in(anyone))["refreshToken"]}
        first = await anyone.post(REFRESH, json=body)
        again = await anyone.post(REFRESH, json=body)
        assert first.json()["refreshToken"] == again.json()["refreshToken"]

    async def test_a_session_that_ended_is_a_401(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        body = {"refreshToken": (await sign_in(anyone))["refreshToken"]}
        auth.answers("REFRESH_SESSION", SessionEnded())
        answer = await anyone.post(REFRESH, json=body)
        assert answer.status_code == 401
        assert answer.json()["type"] == "session_ended"
        assert answer.headers["cache-control"] == "no-store"

    @pytest.mark.parametrize("path", [REFRESH, LOGOUT])
    @pytest.mark.parametrize("spoil", SPOILINGS.values(), ids=SPOILINGS)
    async def test_what_is_no_refresh_token_is_not_even_asked_about(
        self,
        running: World,
        auth: Service,
        anyone: httpx.AsyncClient,
        path: str,
        spoil: Callable[[str], str],
    ) -> None:
        token = (await sign_in(anyone))["refreshToken"]
        answer = await anyone.post(path, json={"refreshToken": spoil(token)})
        assert answer.status_code == 401
        assert answer.json()["type"] == "invalid_token"
        assert len(await running.commands()) == 1


class TestSigningOut:
    async def test_it_names_the_session_and_the_tokens_hash(
        self, running: World, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        token = (await sign_in(anyone))["refreshToken"]
        answer = await anyone.post(LOGOUT, json={"refreshToken": token}, headers=WAIT)
        command = (await running.commands())[-1]
        assert answer.status_code == 204
        assert answer.content == b""
        assert answer.headers["cache-control"] == "no-store"
        assert command.name == "END_SESSION"
        assert command.data == {"sessionId": token.partition(".")[0], "tokenHash": sha(token)}

    async def test_who_does_not_wait_is_told_the_operation(
        self, auth: Service, anyone: httpx.AsyncClient
    ) -> None:
        token = (await sign_in(anyone))["refreshToken"]
        answer = await anyone.post(LOGOUT, json={"refreshToken": token})
        assert answer.status_code == 202
        assert answer.json()["resource"] is None


async def test_a_refresh_token_is_no_access_token(auth: Service, anyone: httpx.AsyncClient) -> None:
    token = (await sign_in(anyone))["refreshToken"]
    answer = await anyone.get("/v1/me", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401


class TestOneWhoWaits:
    @pytest.fixture
    def world(self) -> World:
        return World(max_pending=1)

    async def test_a_login_that_nobody_could_wait_for_is_not_published(
        self, running: World, anyone: httpx.AsyncClient
    ) -> None:
        with running.container.room_for_commands().waiting.place():
            answer = await anyone.post(LOGIN, json=CREDENTIALS)
        assert answer.status_code == 503
        assert [] == await running.commands()


async def test_what_the_auth_service_sees_is_signed_for_nobody(
    running: World, auth: Service, anyone: httpx.AsyncClient
) -> None:
    await sign_in(anyone)
    command: Command = await running.only_command()
    assert command.actor is not None
    assert command.actor.user_id == "anonymous"
