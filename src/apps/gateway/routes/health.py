"""Whether the gateway lives, and whether it can do its work; and the keys of its tokens."""

from litestar import get

from apps.gateway.answers import JSON, Answer, json_answer
from apps.gateway.collaborators import Provided
from apps.gateway.problems import BadRequest
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


@get("/health/ready", name="ready")
async def ready(gateway: Provided) -> Answer:
    """Say whether everything that the gateway needs is there."""
    checks = await gateway.readiness.checks()
    missing = sorted(name for name, is_there in checks.items() if not is_there)
    if missing:
        detail = f"Not ready: {', '.join(missing)}."
        raise NotReady(detail)
    return json_answer({"status": "ready", "checks": dict(checks)})


@get("/.well-known/jwks.json", name="jwks")
async def jwks(gateway: Provided) -> Answer:
    """Show the public keys that access tokens are signed with (RFC 7517)."""
    cached = (b"cache-control", b"public, max-age=300")
    return Answer(200, codec.encode(gateway.jwks()), (JSON, cached))
