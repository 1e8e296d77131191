"""Ways to take a defence away, and a test that SECURITY.md names, which has to fail without it.

`python -m tests.security.sabotage FILE` tries all of them, and writes as JSON how each test ended.
"""

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

import msgspec
import pytest
from msgspec import Struct
from tests.security.page import Named
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from adapters.security.passwords import Argon2PasswordHasher
from apps.gateway import gatekeeper, reading
from apps.gateway.cors import Cors
from apps.gateway.open_accounts import OpenAccounts
from apps.gateway.policy import Whose
from apps.gateway.routes import orders
from apps.runtime.http_protocol import BoundedProtocol
from tradex_core.events.envelope import Actor, ActorSignatures, Envelope
from tradex_core.products import own_product

Removal = AbstractContextManager[Any]


class Sabotage(Struct, frozen=True):
    """A defence that is taken away by `remove`, and the test that shows it."""

    what: str
    test: Named
    remove: Callable[[], Removal]


class Ending(Struct, frozen=True):
    """How a test ended without its defence, as pytest's exit status tells."""

    what: str
    exit_status: int


def _believe_signatures() -> Removal:
    def verify(_self: ActorSignatures, envelope: Envelope, _value: bytes) -> Actor | None:
        return envelope.actor

    return patch.object(ActorSignatures, "verify", verify)


def _trust_the_gateway() -> Removal:
    return patch.object(own_product, "require_seller", lambda _actor: None)


def _let_every_role_in() -> Removal:
    return patch.object(gatekeeper, "_whose", lambda _actor, _access: Whose.ANYBODYS)


def _show_every_order() -> Removal:
    return patch.object(orders, "_is_theirs", lambda *_: True)


def _keep_closed_accounts() -> Removal:
    async def require(_self: OpenAccounts, _user_id: str) -> None:
        """Let everybody in."""

    return patch.object(OpenAccounts, "require", require)


def _verify_no_decoy() -> Removal:
    verify = Argon2PasswordHasher.verify

    def verified(self: Argon2PasswordHasher, password_hash: str, password: str) -> bool:
        return password_hash != self.decoy and verify(self, password_hash, password)

    return patch.object(Argon2PasswordHasher, "verify", verified)


def _take_repeated_keys() -> Removal:
    return patch.object(reading, "repeated_key", lambda _data: None)


def _take_repeated_headers() -> Removal:
    return patch.object(gatekeeper, "require_single", lambda *_: None)


def _take_trailers() -> Removal:
    return patch.object(BoundedProtocol, "on_header", HttpToolsProtocol.on_header)


def _let_every_origin_read() -> Removal:
    allowed = [(b"access-control-allow-origin", b"*")]
    return patch.object(Cors, "_allowed", lambda _self, _origin: allowed)


def _sabotage(what: str, path: str, name: str, remove: Callable[[], Removal]) -> Sabotage:
    return Sabotage(what, Named(name, f"tests/{path}"), remove)


SABOTAGES: Final = (
    _sabotage(
        "a signature is believed unseen",
        "core/messaging/test_opening.py",
        "test_what_was_tampered_with_is_refused_and_uses_up_nobodys_id",
        _believe_signatures,
    ),
    _sabotage(
        "a service relies on the gateway's look",
        "journeys/test_rights.py",
        "test_every_case_of_the_table_in_each_service",
        _trust_the_gateway,
    ),
    _sabotage(
        "the gateway looks at no role",
        "apps/gateway/test_policy.py",
        "test_a_role_gets_in_where_it_may_and_nowhere_else",
        _let_every_role_in,
    ),
    _sabotage(
        "an order is shown to whoever knows its id",
        "apps/gateway/test_streams.py",
        "test_is_told_to_its_buyer_its_sellers_and_admins_only",
        _show_every_order,
    ),
    _sabotage(
        "an account that was closed goes on",
        "apps/gateway/test_open_accounts.py",
        "test_a_closed_account_is_refused_though_its_token_is_good",
        _keep_closed_accounts,
    ),
    _sabotage(
        "nothing is verified where there is no account",
        "journeys/test_enumeration.py",
        "test_every_refused_login_says_the_same_and_costs_the_same",
        _verify_no_decoy,
    ),
    _sabotage(
        "of a repeated key the last counts",
        "apps/gateway/test_ambiguity.py",
        "test_a_key_that_is_given_twice_is_named",
        _take_repeated_keys,
    ),
    _sabotage(
        "of a repeated header the last counts",
        "apps/gateway/test_ambiguity.py",
        "test_a_header_with_one_value_is_refused_where_it_is_repeated",
        _take_repeated_headers,
    ),
    _sabotage(
        "a trailer counts as a header",
        "apps/runtime/test_http_protocol.py",
        "test_what_comes_behind_the_body_is_no_header",
        _take_trailers,
    ),
    _sabotage(
        "scripts of every origin may read",
        "apps/gateway/test_cors.py",
        "test_others_may_not",
        _let_every_origin_read,
    ),
)


def ending_of(sabotage: Sabotage) -> Ending:
    """Take a defence away, and run its test in this process."""
    test = sabotage.test
    arguments = [test.path, "-k", test.name, "-q", "-x", "--assert=plain", "-p", "no:cacheprovider"]
    with sabotage.remove():
        return Ending(sabotage.what, int(pytest.main(arguments)))


if __name__ == "__main__":
    endings = [ending_of(each) for each in SABOTAGES]
    Path(sys.argv[1]).write_bytes(msgspec.json.encode(endings))
