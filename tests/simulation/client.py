"""A client of the HTTP API: it signs in, asks, waits, repeats itself, and remembers everything."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from tests.simulation.history import Attempt, Deed, History, Look, Stream, learn
from tests.simulation.network import PATIENCE, Answer, Network
from tests.simulation.plan import Fault
from tests.simulation.process import Process
from tests.simulation.world import World

from tradex_core.events.user import Role

_TRIES: Final = 5
_SIGNING_IN_TRIES: Final = 60
_TOO_MANY: Final = 429
_UNAUTHENTICATED: Final = 401
_UNAVAILABLE: Final = 503
_GRACE: Final = 8.0
_LONGEST_WATCH: Final = 4.0


class Client:
    """Somebody with an account; what they do, the seed decides."""

    def __init__(
        self, name: str, role: Role, *, world: World, network: Network, history: History
    ) -> None:
        self.name = name
        self.role = role
        self.world = world
        self.history = history
        self.chance = world.plan.stream(f"client/{name}")
        self.user_id = ""
        self._network = network
        self._token = ""
        self._refresh_token = ""
        self._password = f"{name}'s secret {self.chance.getrandbits(40):x}"
        world.secrets.add(self._password)
        world.clients.append(self)

    async def sign_in(self) -> bool:
        """Make an account and log in, however often it takes; return whether that came off."""
        await self.pause(0.6)
        email = f"{self.name}@Example.com"
        account = {"email": email, "password": self._password, "name": self.name}
        await self.ask(
            "register",
            "POST",
            "/v1/auth/register",
            {**account, "role": self.role.value},
            keyed=True,
        )
        for _ in range(_SIGNING_IN_TRIES):
            await self.pause(0.5)
            if await self.log_in():
                me = await self.look("GET", "/v1/me")
                if me.is_ok:
                    self.user_id = me.json["userId"]
                    return True
        return False

    async def log_in(self) -> bool:
        """Get a new access token, coming back when told to; return whether that came off."""
        credentials = {"email": f"{self.name}@example.COM", "password": self._password}
        body = json.dumps(credentials).encode()
        answer = await self._once_available(
            lambda: self._call(self._any_gateway(), "POST", "/v1/auth/login", body, wait=2)
        )
        if answer.status != 200:
            return False
        self._take(answer.json)
        return True

    async def refresh(self) -> None:
        """Replace the tokens; where no answer comes, ask again with the same one."""
        began = self.world.loop.time()
        body = json.dumps({"refreshToken": self._refresh_token}).encode()
        for _ in range(_TRIES):
            answer = await self._call(self._any_gateway(), "POST", "/v1/auth/refresh", body)
            if answer.status == 200:
                self._take(answer.json)
                me = await self.look("GET", "/v1/me")
                if me.status == _UNAUTHENTICATED:
                    self.world.surprise(f"{self.name}'s new token is not good")
                return
            if answer.status == _UNAUTHENTICATED and self._was_in_time(began):
                self.world.surprise(f"{self.name} could not refresh: {answer.json['type']}")
            await self.pause(0.5)

    async def watch(self, order_id: str) -> None:
        """Follow an order live for a while, and remember each step that was told."""
        answer = await self._network.call(
            self._any_gateway(),
            "GET",
            f"/v1/orders/{order_id}/events",
            headers=[(b"authorization", b"Bearer " + self._token.encode())],
            body=b"",
            patience=self.chance.random() * _LONGEST_WATCH,
            as_far_as_it_came=True,
        )
        if answer.status != 200:
            return
        told = [part for part in answer.body.split(b"\n\n") if b"event: status" in part]
        steps = [json.loads(part.partition(b"data: ")[2]) for part in told]
        path = [(step["id"], step["status"]) for step in steps]
        self.history.streams.append(Stream(self.name, order_id, path))

    async def ask(
        self,
        kind: str,
        method: str,
        path: str,
        body: object,
        *,
        keyed: bool,
        about: str | None = None,
        wait: int = 0,
    ) -> Deed:
        """Ask for something once: with a key again and again until there is an answer."""
        deed = Deed(
            client=self.name,
            kind=kind,
            method=method,
            path=path,
            body=b"" if body is None else json.dumps(body).encode(),
            began=self.world.loop.time(),
            key=f"{self.name}-{self.chance.getrandbits(32):08x}" if keyed else None,
            about=about,
        )
        self.history.deeds.append(deed)
        if keyed and self.chance.random() < 0.15:
            await asyncio.gather(self.attempt(deed, wait=wait), self.attempt(deed, wait=wait))
        for _ in range(_TRIES if keyed else 1):
            answer = await self.attempt(deed, wait=wait)
            if answer.status and answer.status < 500 and answer.status != _TOO_MANY:
                break
            await self.pause(0.5)
        return deed

    async def attempt(self, deed: Deed, *, wait: int = 0) -> Answer:
        """Send a deed's request to some gateway, and learn from the answer."""
        process = self._any_gateway()
        attempt = Attempt(self.world.loop.time(), process.name if process else "nobody")
        deed.attempts.append(attempt)
        answer = await self._call(
            process, deed.method, deed.path, deed.body, key=deed.key, wait=wait
        )
        attempt.until = self.world.loop.time()
        learn(deed, attempt, answer)
        self.world.trace(
            self.name,
            "asks {}: {} {} [{}], and {} answers {} {}",
            deed.kind,
            deed.path,
            "***" if deed.kind == "register" else deed.body.decode(),
            deed.key or "no key",
            attempt.gateway,
            answer.status or "nothing",
            attempt.slug or attempt.operation_id or deed.resource or "",
        )
        return answer

    async def look(self, method: str, path: str) -> Answer:
        """Read something from some gateway."""
        return await self._call(self._any_gateway(), method, path, b"")

    async def look_at_operation(self, operation_id: str, *, patient: bool = False) -> Look | None:
        """Ask what became of an operation, and remember what was said.

        Who is patient comes back when told to.
        """
        began = self.world.loop.time()
        ask = partial(self.look, "GET", f"/v1/operations/{operation_id}")
        answer = await (self._once_available(ask) if patient else ask())
        if not answer.is_ok:
            return None
        document = answer.json
        error = document["error"]["type"] if document["error"] else ""
        return self._saw(began, "operation", operation_id, document["status"], error)

    async def look_at_order(self, order_id: str) -> Look | None:
        """Ask how an order is, and remember what was said."""
        began = self.world.loop.time()
        answer = await self.look("GET", f"/v1/orders/{order_id}")
        if not answer.is_ok:
            return None
        document = answer.json
        return self._saw(began, "order", order_id, document["status"], document["reason"] or "")

    async def pause(self, longest: float) -> None:
        """Do nothing for a while."""
        await asyncio.sleep(self.chance.random() * longest)

    async def _once_available(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        answer = await ask()
        for _ in range(_TRIES - 1):
            if answer.status != _UNAVAILABLE:
                break
            await asyncio.sleep(float(answer.headers[b"retry-after"]))
            answer = await ask()
        return answer

    def _take(self, tokens: dict[str, str]) -> None:
        self._token, self._refresh_token = tokens["accessToken"], tokens["refreshToken"]
        self.world.secrets |= {self._token, self._refresh_token.partition(".")[2]}

    def _was_in_time(self, began: float) -> bool:
        """Whether a repeat is one by everybody's clock."""
        soon = self.world.loop.time() - began < _GRACE
        return soon and Fault.JUMP not in self.world.plan.faults

    def _saw(self, began: float, what: str, thing: str, status: str, detail: str) -> Look:
        look = Look(began, self.world.loop.time(), self.name, what, thing, status, detail)
        self.history.looks.append(look)
        return look

    def _any_gateway(self) -> Process | None:
        gateways = [slot for slot in self.world.slots.values() if slot.app == "gateway"]
        return self.chance.choice(gateways).process

    async def _call(
        self,
        process: Process | None,
        method: str,
        path: str,
        body: bytes,
        *,
        key: str | None = None,
        wait: int = 0,
    ) -> Answer:
        headers: list[tuple[bytes, bytes]] = []
        if body:
            headers.append((b"content-type", b"application/json"))
        if self._token:
            headers.append((b"authorization", b"Bearer " + self._token.encode()))
        if key is not None:
            headers.append((b"idempotency-key", key.encode()))
        if wait:
            headers.append((b"prefer", b"wait=%d" % wait))
        answer = await self._network.call(
            process, method, path, headers=headers, body=body, patience=PATIENCE + wait
        )
        if answer.status == 500 and answer.json["type"] != "discarded":
            why = [line for line in self.world.logged if "exc_info" in line][-1:]
            self.world.surprise(f"{method} {path} was answered 500: {''.join(why)}")
        return answer
