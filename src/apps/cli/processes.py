"""Composes the process of each app: what its container makes, on its port, with its health.

An app's modules are imported when it is composed, so that no process holds another app's.
"""

from importlib import import_module
from typing import Any, NamedTuple

from apps.cli.control import AdminAccounts
from apps.runtime.container import RuntimeContainer
from apps.runtime.health import HealthApp
from apps.runtime.http_protocol import HttpLimits
from apps.runtime.http_server import HttpServer
from apps.runtime.process import Process
from apps.runtime.servers import Database, Servers
from apps.runtime.service import Service
from apps.runtime.settings import Settings
from apps.runtime.standalone import ServiceApp


class Composed(NamedTuple):
    """An app's process, and what makes admins where it is the one that does."""

    process: Process
    create_admin: AdminAccounts | None = None


def compose(app: str, runtime: RuntimeContainer) -> Composed:
    """Compose an app's process; nothing connects before it is entered.

    Raises MissingExtra, and SettingsError for keys that cannot be read.
    """
    if app == "gateway":
        return Composed(_gateway(runtime))
    own = {"key_rings": runtime.key_rings, "declared": runtime.declared} if app == "auth" else {}
    container = container_of(app)(
        settings=runtime.settings,
        broker=runtime.broker,
        means=runtime.means,
        signatures=runtime.signatures,
        **own,
    )
    create_admin = container.admin_accounts().create if app == "auth" else None
    return Composed(_service(runtime, container), create_admin)


def container_of(app: str) -> Any:  # noqa: ANN401 - a container class each
    """Return the class of a service's container."""
    module = import_module(f"apps.{app}.container")
    return getattr(module, f"{app.capitalize()}Container")


def _service(runtime: RuntimeContainer, container: Any) -> Process:  # noqa: ANN401
    settings = runtime.settings()
    service: Service = container.service()
    database: Database = container.database()
    servers = Servers(
        broker=runtime.broker(),
        topics=service.topics,
        database=database,
        inspection=container.inspection(),
    )
    app, databases = ServiceApp(service, servers), {service.name: database}
    backlogs = runtime.backlogs(databases, {service.name: service.consumer.topics})
    key_rings = runtime.key_rings()
    health = HealthApp(
        app.checks,
        has_begun=lambda: app.has_begun,
        metrics=runtime.metrics_app(backlogs, databases),
        before_metrics=backlogs.refresh,
        warnings=key_rings.warnings,
    )
    return Process(app, [_on_port(health, settings)], settings, key_rings, runtime.telemetry())


def _gateway(runtime: RuntimeContainer) -> Process:
    from apps.gateway.standalone import GatewayApp  # noqa: PLC0415

    settings = runtime.settings()
    app = GatewayApp(runtime)
    listening, key_rings = [_on_port(app, settings)], runtime.key_rings()
    if settings.metrics_port is not None:
        databases = {app.name: app.servers.database}
        internal = HealthApp(
            app.readiness,
            has_begun=lambda: app.has_begun,
            metrics=runtime.metrics_app(runtime.backlogs({}, {}), databases),
            warnings=key_rings.warnings,
        )
        host, port = settings.metrics_host, settings.metrics_port
        listening.append(HttpServer(internal, host=host, port=port, lifespan=False))
    return Process(app, listening, settings, key_rings, runtime.telemetry())


def _on_port(app: Any, settings: Settings) -> HttpServer:  # noqa: ANN401 - any ASGI app
    return HttpServer(
        app,
        host=settings.http_host,
        port=settings.http_port,
        limits=HttpLimits.of(settings),
        lifespan=False,
    )
