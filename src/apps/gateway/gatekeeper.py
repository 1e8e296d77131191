"""Stands before every route: who is it, and may they use it."""

from collections.abc import Mapping
from typing import ClassVar, Protocol, cast

from litestar import Response
from litestar.enums import HttpMethod
from litestar.status_codes import HTTP_204_NO_CONTENT

from apps.gateway.ambiguity import require_one_spelling, require_single
from apps.gateway.answers import RawHeaders
from apps.gateway.open_accounts import OpenAccounts
from apps.gateway.policy import POLICY, Access, Whose
from apps.gateway.problems import BadRequest
from apps.gateway.rate_limit import RateLimit
from apps.gateway.reading import HttpRequest, headers_of
from tradex_core.errors import Forbidden
from tradex_core.events.envelope import Actor

_SCHEME = b"bearer "


class TokenVerifier(Protocol):
    """Tells who bears an access token."""

    def verify(self, token: str) -> Actor:
        """Return who the token says its bearer is; raises InvalidToken."""
        ...


class Unauthenticated(BadRequest):
    """Nobody is signed in, and somebody must be."""

    status: ClassVar[int] = 401
    slug = "unauthenticated"
    title = "Sign in first"


class Gatekeeper:
    """Admits a request to a route, or raises Unauthenticated, InvalidToken, Forbidden or Outage.

    Raises NotFoundException and RepeatedHeader for what others might read otherwise, and
    TooManyRequests for one command too many of an account. What the policy does not name is
    forbidden to everybody. It is a `before_request` hook of the app, since Litestar copies a
    route's handler for each request that a guard looks at.
    """

    def __init__(
        self,
        verifier: TokenVerifier,
        accounts: OpenAccounts,
        commands: RateLimit,
        policy: Mapping[tuple[str, str], Access] = POLICY,
    ) -> None:
        self._verifier = verifier
        self._accounts = accounts
        self._commands = commands
        self._policy = policy

    async def admit(self, request: HttpRequest) -> Response[None] | None:
        """Note in the request who is signed in and on whose things they may act; answer OPTIONS."""
        scope = request.scope
        require_one_spelling(scope)
        headers = headers_of(scope)
        require_single(headers, cast("RawHeaders", scope["headers"]))
        scope["user"] = None
        access = self._policy.get((scope["method"], scope["path_template"]))
        if access is None:
            if scope["method"] == HttpMethod.OPTIONS:
                return self._options(scope["path_template"])
            detail = "Nobody may use this route."
            raise Forbidden(detail)
        if access.credentials:
            actor = self._bearer(headers.get(b"authorization"), access)
            if actor is not None:
                if scope["method"] != HttpMethod.GET:
                    self._commands.check(scope, actor.user_id)
                await self._accounts.require(actor.user_id)
                scope["state"]["whose"] = _whose(actor, access)
                scope["user"] = actor
        return None

    def _options(self, path: str) -> Response[None]:
        """Name the methods of a path; of a path with several handlers Litestar forgets some."""
        methods = {method for method, template in self._policy if template == path}
        allow = ", ".join(sorted({*methods, HttpMethod.OPTIONS.value}))
        return Response(None, status_code=HTTP_204_NO_CONTENT, headers={"allow": allow})

    def _bearer(self, header: bytes | None, access: Access) -> Actor | None:
        if header is None:
            if None in access.rights:
                return None
            detail = "Send an access token: Authorization: Bearer …"
            raise Unauthenticated(detail)
        if header[: len(_SCHEME)].lower() != _SCHEME:
            detail = "Send an access token by the scheme Bearer."
            raise Unauthenticated(detail)
        return self._verifier.verify(header[len(_SCHEME) :].strip().decode("latin-1"))


def _whose(actor: Actor, access: Access) -> Whose:
    if actor.role not in access.rights:
        roles = ", ".join(sorted(role for role in access.rights if role))
        detail = f"Only the roles {roles} may use this route."
        raise Forbidden(detail)
    return access.rights[actor.role]
