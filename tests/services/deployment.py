"""What each app of a deployment is told, no more than it needs, and what an operator is told."""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg

from adapters.security.sealing import generate_key_pair
from adapters.security.token_keys import AccessTokenKeys
from apps.runtime import settings
from apps.runtime.settings import variable

APPS: Final = ("auth", "catalog", "orders", "projector", "gateway")
POSTGRES: Final = ("auth", "orders", "gateway")
"""The databases on PostgreSQL; the catalogue's is on the MongoDB-wire server."""

_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "auth": ("ACTOR_SIGNING_KEY", "AUTH_DATABASE_URL", "SEALING_KEYS"),
    "catalog": ("ACTOR_SIGNING_KEY", "CATALOG_DATABASE_URL"),
    "orders": ("ACTOR_SIGNING_KEY", "ORDERS_DATABASE_URL"),
    "projector": ("ACTOR_SIGNING_KEY", "GATEWAY_DATABASE_URL"),
    "gateway": (
        "ACTOR_SIGNING_KEY",
        "GATEWAY_DATABASE_URL",
        "GATEWAY_KEY",
        "JWT_SIGNING_KEY",
        "SEALING_PUBLIC_KEY",
    ),
}
_OWNER: Final = "tradex"
_ROLE: Final = """
CREATE ROLE "{role}" LOGIN;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO "{role}";
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{role}";
ALTER DEFAULT PRIVILEGES GRANT USAGE, SELECT ON SEQUENCES TO "{role}";
"""

NO_LIMITS: Final = {variable(name): "off" for name in settings.NO_LIMITS}
"""The environment of a gateway whose clients may do everything as often as they like."""


class Deployment:
    """Keys made now, and servers on these ports of loopback; admins are made through `socket`."""

    def __init__(self, *, kafka: int, postgres: int, mongo: int, socket: Path) -> None:
        self._postgres = f"127.0.0.1:{postgres}"
        self._of_all = {
            "BROKER": "kafka",
            "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{kafka}",
            "LOG_FORMAT": "json",
        }
        self._rest = {
            **_keys(),
            **self._urls(_OWNER),
            "CATALOG_DATABASE_URL": f"mongodb://127.0.0.1:{mongo}/catalog?directConnection=true",
            "CONTROL_SOCKET": str(socket),
        }

    def of_app(self, kind: str) -> dict[str, str]:
        """Return an app's environment: on PostgreSQL it has a role that changes no table."""
        told = {**self._rest, **self._urls(f"tradex_{kind}")}
        if kind == "projector":
            told |= self._urls("tradex_gateway")
        return _variables({**self._of_all, **{name: told[name] for name in _NEEDS[kind]}})

    def of_operator(self) -> dict[str, str]:
        """Return the environment of an operator's commands, who owns every database."""
        return _variables({**self._of_all, **self._rest})

    def _urls(self, user: str) -> dict[str, str]:
        return {
            f"{name.upper()}_DATABASE_URL": f"postgresql://{user}@{self._postgres}/{name}"
            for name in POSTGRES
        }


def make_databases(url: str) -> None:
    """Make each app's database on a new cluster, and the role that the app has there."""
    with psycopg.connect(url, autocommit=True) as connection:
        for name in POSTGRES:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
    for name in POSTGRES:
        with psycopg.connect(url, dbname=name, autocommit=True) as connection:
            connection.execute(_ROLE.format(role=f"tradex_{name}").encode())


def _variables(settings: Mapping[str, str]) -> dict[str, str]:
    return {f"TRADEX_{name}": value for name, value in settings.items()}


def _keys() -> dict[str, str]:
    pair = generate_key_pair()
    return {
        "ACTOR_SIGNING_KEY": secrets.token_urlsafe(32),
        "GATEWAY_KEY": secrets.token_urlsafe(32),
        "JWT_SIGNING_KEY": AccessTokenKeys.generate().to_text(),
        "SEALING_KEYS": pair.private,
        "SEALING_PUBLIC_KEY": pair.public,
    }
