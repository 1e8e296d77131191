"""No answer tells what exists and is not the caller's: not by what it says, nor by its cost."""

from collections.abc import Mapping, Sequence
from statistics import median
from time import process_time
from typing import Final

import httpx
from tests.journeys.holdings import Holdings
from tests.journeys.people import PASSWORD, People

from apps.platform.platform import Platform
from tradex_core.events.user import DeactivateUser

ROUNDS: Final = 7
"""How often each login is tried, by turns: whatever else the machine does hits all alike."""

LOGINS: Final[Mapping[str, Mapping[str, str]]] = {
    "a wrong password": {"email": "bruno@example.com", "password": "not this one"},
    "no account": {"email": "nobody@example.com", "password": "not this one"},
    "a closed account": {"email": "carla@example.com", "password": PASSWORD},
    "another spelling": {"email": " BRUNO@Example.com", "password": "not this one"},
    "a long address": {"email": f"{'a' * 243}@example.com", "password": "not this one"},
    "a short password": {"email": "bruno@example.com", "password": "x"},
}


async def test_every_refused_login_says_the_same_and_costs_the_same(
    platform: Platform, people: People, api: httpx.AsyncClient
) -> None:
    await people.buyer("bruno@example.com")
    carla = await people.buyer("carla@example.com")
    holdings = Holdings(platform, people)
    await holdings.ask(DeactivateUser(carla.user_id), holdings.admin)

    told: set[tuple[object, ...]] = set()
    costs: dict[str, list[float]] = {name: [] for name in LOGINS}
    for _ in range(ROUNDS):
        for name, login in LOGINS.items():
            began = process_time()
            answer = await api.post("/auth/login", json=login)
            costs[name].append(process_time() - began)
            told.add((answer.status_code, answer.content, *answer.headers))

    assert 1 == len(told), told
    assert 401 == next(iter(told))[0]
    assert medians_are_within(2.0, list(costs.values())), costs


def medians_are_within(factor: float, costs: Sequence[Sequence[float]]) -> bool:
    """Return whether no distribution's median is so many times another's.

    Verifying a password takes ten times as long as all else together: leaving it out shows, and
    what a busy machine adds does not.
    """
    medians = [median(each) for each in costs]
    return max(medians) <= factor * min(medians)


async def test_what_is_somebody_elses_is_answered_as_what_is_not_there(
    platform: Platform, people: People
) -> None:
    seller, other, buyer = (
        await people.seller(),
        await people.seller("olga@example.com"),
        await people.buyer(),
    )
    product = await seller.sells()
    order_id = (await buyer.orders(product)).json()["orderId"]
    operation_id = (await buyer.orders(product, wait=0)).json()["operationId"]
    assert await platform.quiet(20)
    unknown = "018d0c1e-8a00-7000-8000-00000000000a"
    for path, theirs, nobodys in (
        ("/orders/{}", order_id, unknown),
        ("/orders/{}/events", order_id, unknown),
        ("/operations/{}", operation_id, unknown),
        ("/operations/{}/events", operation_id, unknown),
    ):
        answers = [await other.get(path.format(each)) for each in (theirs, nobodys)]
        assert [404, 404] == [answer.status_code for answer in answers]
        texts = [
            answer.text.replace(each, "…")
            for answer, each in zip(answers, (theirs, nobodys), strict=True)
        ]
        assert texts[0] == texts[1]
        assert list(answers[0].headers) == list(answers[1].headers)
