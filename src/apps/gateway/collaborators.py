"""What the routes work with, handed to each of them as one thing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from apps.gateway.commands import CommandDesk
from apps.gateway.door import Door
from apps.gateway.following import Follower
from apps.gateway.gatekeeper import Gatekeeper
from apps.gateway.metrics import GatewayMetrics
from apps.gateway.readiness import Readiness
from apps.gateway.reading import HttpRequest
from apps.gateway.request_traces import RequestTracer
from apps.gateway.stopping import Stopping
from apps.gateway.streams import Streams
from apps.gateway.tokens import TokenDesk
from tradex_core.operations.operation_id import OperationIds
from tradex_core.users.ports import PasswordSealer
from tradex_core.views.ports import ViewQueries

Failed = Callable[[BaseException], None]

OPTION: Final = "gateway"
"""The option of the app under which its routes find what they work with."""


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """What the app works with.

    Clients who read ask `reads`, which has room for so many at a time; commands ask `views`.
    `failed` is told when the follower ends though the gateway does not stop: then nobody hears of
    outcomes any more, and the process had better end.
    """

    commands: CommandDesk
    views: ViewQueries
    reads: ViewQueries
    operation_ids: OperationIds
    streams: Streams
    tokens: TokenDesk
    sealer: PasswordSealer
    register_door: Door
    login_door: Door
    gatekeeper: Gatekeeper
    follower: Follower
    stopping: Stopping
    jwks: Callable[[], Mapping[str, Any]]
    readiness: Readiness
    failed: Failed
    metrics: GatewayMetrics
    cors_origins: Sequence[str] = ()
    request_tracer: RequestTracer | None = None


def gateway_of(request: HttpRequest) -> Collaborators:
    """Return what the app of a request works with.

    It is no dependency of Litestar's, which it would resolve and check anew for each request.
    """
    return cast("Collaborators", request.scope["litestar_app"].opt[OPTION])
