"""Somebody who writes to the broker and to the gateways what nobody should."""

import asyncio
from typing import Final

from tests.simulation.attacks import MARK, PLOTS, READERS, Attack
from tests.simulation.network import Network
from tests.simulation.world import World

_LONGEST_BREATH: Final = 0.7
_EXPECTED: Final = frozenset({0, 400, 401, 403, 404, 405, 413, 415, 422, 503})
_UNSIGNED: Final = ("unsigned order", "asking")
_JSON: Final = (b"content-type", b"application/json")
_REQUESTS: Final[tuple[tuple[str, str, list[tuple[bytes, bytes]], bytes], ...]] = (
    ("POST", "/v1/orders", [_JSON], b'{"items":[]}'),
    ("POST", "/v1/orders", [_JSON, (b"authorization", b"Bearer a.b.c")], b'{"items":[]}'),
    ("POST", "/v1/orders", [_JSON, (b"actor-id", b"x"), (b"actor-role", b"admin")], b"{}"),
    ("POST", "/v1/auth/register", [_JSON], b"{" * 3000),
    ("POST", "/v1/auth/register", [_JSON], b'{"email":"a@b.c","password":"\\u0000","name":"x"}'),
    ("POST", "/v1/auth/register", [_JSON], b'{"email":5}'),
    (
        "POST",
        "/v1/auth/register",
        [_JSON],
        b'{"email":"boss@example.com","password":"long enough 1","name":"x","role":"admin"}',
    ),
    ("POST", "/v1/auth/login", [_JSON], b'{"email":"a@b.c","password":"' + b"x" * 70_000 + b'"}'),
    ("POST", "/v1/auth/login", [(b"content-type", b"text/plain")], b"{}"),
    ("POST", "/v1/auth/refresh", [_JSON], b'{"refreshToken":"nonsense"}'),
    ("POST", "/v1/auth/logout", [_JSON, (b"idempotency-key", b"\xff\n")], b'{"refreshToken":"x"}'),
    ("GET", "/v1/operations/0190c0de-0000-7000-8000-00000000beef", [], b""),
    ("GET", "/v1/products?limit=0&cursor=%00", [], b""),
    ("GET", "/v1/orders/%2e%2e/%00", [], b""),
    ("DELETE", "/v1/products/5f5f5f5f5f5f5f5f5f5f5f5f", [], b""),
)


class Attacker:
    """Writes so many messages into the topics, and sends as many requests, at bad moments."""

    def __init__(self, world: World, network: Network) -> None:
        self._world = world
        self._network = network
        self._chance = world.plan.stream("attacker")
        self._stolen: set[bytes] = set()

    async def run(self, count: int) -> None:
        """Attack."""
        for number in range(count):
            await asyncio.sleep(self._chance.random() * _LONGEST_BREATH)
            await self._write(f"attack-{number}")
            await self._ask()

    async def _write(self, name: str) -> None:
        world = self._world
        log = [
            record
            for topic in world.topics
            for record in world.records_of(topic)
            if dict(record.headers).get("ce_id") not in self._stolen
        ]
        attack = self._chance.choice(PLOTS)(self._chance, log)
        if attack is None:
            return
        mark = ((MARK, name.encode()),)
        message = attack.message
        # Of two forgeries under one id the second is dropped as a repeat.
        self._stolen.add(dict(message.headers).get("ce_id", b""))
        error = await world.wire.append(
            type(message)(
                message.topic,
                message.key,
                message.value,
                (*message.headers, *mark),
                message.partition,
            )
        )
        assert error is None, error
        given_up_by = attack.given_up_by
        if attack.name in _UNSIGNED and world.plan.refuses_unsigned:
            given_up_by = READERS[message.topic]
        world.attacks[name] = Attack(attack.name, message, given_up_by)
        world.trace("the attacker", "writes {} into {}: {}", attack.name, message.topic, name)

    async def _ask(self) -> None:
        world = self._world
        gateways = [slot for slot in world.slots.values() if slot.app == "gateway"]
        method, path, headers, body = self._chance.choice(_REQUESTS)
        process = self._chance.choice(gateways).process
        answer = await self._network.call(process, method, path, headers=headers, body=body)
        if answer.status not in _EXPECTED:
            world.surprise(f"{method} {path} with {body[:60]!r} was answered {answer.status}")
