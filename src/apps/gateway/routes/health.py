"""Whether the gateway lives and can do its work, in a word; and the keys of its tokens."""

from litestar import get

from apps.gateway.answers import JSON, Answer, json_answer
from apps.gateway.collaborators import gateway_of
from apps.gateway.problems import BadRequest
from apps.gateway.reading import HttpRequest
from tradex_core.events import codec


class NotReady(BadRequest):
    """Something that the gateway needs is away."""

    status = 503
    slug = "not_ready"
    title = "The gateway is not ready"


@get("/health/live", name="live")
async def live() -> Answer:
    """Say that the process answers."""
    return json_answer({"status": "live"})


@get("/health/startup", name="startup")
async def startup() -> Answer:
    """Say that the gateway has begun: before it has, something else answers here."""
    return json_answer({"status": "started"})


@get("/health/ready", name="ready")
async def ready(request: HttpRequest) -> Answer:
    """Say whether everything that the gateway needs is there; what, only operators are told."""
    checks = await gateway_of(request).readiness.checks()
    if not all(checks.values()):
        detail = "Something that the gateway needs is away; its internal port tells what."
        raise NotReady(detail)
    return json_answer({"status": "ready"})


@get("/.well-known/jwks.json", name="jwks")
async def jwks(request: HttpRequest) -> Answer:
    """Show the public keys that access tokens are signed with (RFC 7517)."""
    cached = (b"cache-control", b"public, max-age=300")
    return Answer(200, codec.encode(gateway_of(request).jwks()), (JSON, cached))
