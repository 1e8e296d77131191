"""Accounts and sessions, from the outside."""

import asyncio

import httpx
from tests.journeys.log import bytes_of, records_of
from tests.journeys.people import PASSWORD, WAIT, People, an_account

from apps.platform.platform import Platform


async def test_a_registered_user_signs_in_and_reads_who_they_are(people: People) -> None:
    buyer = await people.buyer("Bruno@Example.com ")
    me = (await buyer.get("/me")).json()
    assert "bruno@example.com" == me["email"]
    assert ("Ana", "buyer", True) == (me["name"], me["role"], me["isActive"])


async def test_a_taken_email_is_a_conflict(api: httpx.AsyncClient, people: People) -> None:
    await people.buyer("bruno@example.com")
    again = await api.post(
        "/auth/register", json=an_account("BRUNO@example.com", "seller"), headers=WAIT
    )
    assert (409, "email_taken") == (again.status_code, again.json()["type"])


async def test_of_two_who_register_an_address_at_once_one_gets_it(api: httpx.AsyncClient) -> None:
    both = [
        api.post("/auth/register", json=an_account("ana@example.com"), headers=WAIT)
        for _ in range(2)
    ]
    answers = await asyncio.gather(*both)
    assert [201, 409] == sorted(answer.status_code for answer in answers)


async def test_signing_in_never_tells_whether_an_account_exists(
    api: httpx.AsyncClient, people: People
) -> None:
    await people.buyer("bruno@example.com")
    wrong = await api.post(
        "/auth/login", json={"email": "bruno@example.com", "password": "not this one"}
    )
    unknown = await api.post(
        "/auth/login", json={"email": "nobody@example.com", "password": "not this one"}
    )
    assert (401, 401) == (wrong.status_code, unknown.status_code)
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert wrong.json()["type"] == unknown.json()["type"] == "invalid_credentials"


async def test_a_refresh_token_works_once_and_its_reuse_ends_the_family(
    api: httpx.AsyncClient, people: People
) -> None:
    buyer = await people.buyer()
    spent = buyer.session["refreshToken"]
    second = (await api.post("/auth/refresh", json={"refreshToken": spent})).json()["refreshToken"]
    third = (await api.post("/auth/refresh", json={"refreshToken": second})).json()["refreshToken"]
    reused = await api.post("/auth/refresh", json={"refreshToken": spent})
    assert 401 == reused.status_code
    ended = await api.post("/auth/refresh", json={"refreshToken": third})
    assert (401, "session_ended") == (ended.status_code, ended.json()["type"])


async def test_two_tabs_that_refresh_at_once_both_go_on(
    api: httpx.AsyncClient, people: People
) -> None:
    token = (await people.buyer()).session["refreshToken"]
    first = await api.post("/auth/refresh", json={"refreshToken": token})
    second = await api.post("/auth/refresh", json={"refreshToken": token})
    assert (200, 200) == (first.status_code, second.status_code)
    assert first.json()["refreshToken"] == second.json()["refreshToken"]


async def test_who_logs_out_cannot_refresh_any_more(api: httpx.AsyncClient, people: People) -> None:
    token = (await people.buyer()).session["refreshToken"]
    out = await api.post("/auth/logout", json={"refreshToken": token}, headers=WAIT)
    assert out.is_success
    assert 401 == (await api.post("/auth/refresh", json={"refreshToken": token})).status_code


async def test_an_admin_made_by_an_operator_signs_in(people: People) -> None:
    admin = await people.admin("ada@example.com")
    assert "admin" == (await admin.get("/me")).json()["role"]


async def test_nobody_registers_as_an_admin(api: httpx.AsyncClient) -> None:
    answer = await api.post("/auth/register", json=an_account("eve@example.com", "admin"))
    assert (403, "role_not_allowed") == (answer.status_code, answer.json()["type"])


async def test_no_password_and_no_token_enters_the_log(
    platform: Platform, api: httpx.AsyncClient, people: People
) -> None:
    buyer = await people.buyer()
    refreshed = await api.post(
        "/auth/refresh", json={"refreshToken": buyer.session["refreshToken"]}
    )
    secrets = [
        PASSWORD,
        buyer.session["accessToken"],
        buyer.session["refreshToken"],
        refreshed.json()["accessToken"],
        refreshed.json()["refreshToken"],
    ]
    log = b"".join(bytes_of(record) for record in await records_of(platform))
    assert b"bruno@example.com" in log
    assert [] == [secret for secret in secrets if secret.encode() in log]
