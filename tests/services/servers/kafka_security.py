"""What a Kafka that lets nobody in unasked is made of: TLS, users with passwords, and ACLs."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.builders.certificates import make_certificate
from tests.docs.pages import ROOT

ADMIN: Final = "admin"
"""The user whom every broker lets do everything."""
_BROKER: Final = "broker"
_TOLD: Final = ROOT / "compose" / "kafka" / "security.properties"
_MECHANISM: Final = "SCRAM-SHA-512"
_SCRAM: Final = (
    "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config="
    "org.apache.kafka.common.security.scram.ScramLoginModule"
)
_PLAIN: Final = (
    "listener.name.controller.plain.sasl.jaas.config="
    "org.apache.kafka.common.security.plain.PlainLoginModule"
)


class Security:
    """A certificate and the passwords of users, made now; nobody may do what no ACL allows."""

    def __init__(self, folder: Path, users: Iterable[str]) -> None:
        self.passwords = {name: secrets.token_hex(16) for name in (_BROKER, ADMIN, *users)}
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._certificate = make_certificate(folder, "kafka")

    @property
    def authority(self) -> Path:
        """The certificate that its clients have to trust."""
        return self._certificate.alone

    @property
    def formatting(self) -> Sequence[str]:
        """What the tool that formats the storage is told, so that the users are there at once."""
        return [
            part
            for user, password in self.passwords.items()
            for part in ("--add-scram", f"{_MECHANISM}=[name={user},password={password}]")
        ]

    @property
    def properties(self) -> Sequence[str]:
        """What the broker is told of who may connect, and who may do what, as compose tells it."""
        password = self.passwords[_BROKER]
        known = f'required username="{_BROKER}" password="{password}"'
        told = (
            _TOLD.read_text()
            .replace("/run/secrets/kafka_certificate_with_key", str(self._certificate.with_key))
            .replace("/run/secrets/kafka_certificate", str(self.authority))
        )
        return [
            *told.splitlines(),
            f"{_SCRAM} {known};",
            f'{_PLAIN} {known} user_{_BROKER}="{password}";',
        ]

    def client(self, user: str) -> dict[str, str]:
        """Return what librdkafka is told to be this user."""
        return {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": _MECHANISM,
            "sasl.username": user,
            "sasl.password": self.passwords[user],
            "ssl.ca.location": str(self.authority),
        }

    def settings(self, user: str) -> Mapping[str, str]:
        """Return what Tradex is told to be this user."""
        return {
            "TRADEX_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "TRADEX_KAFKA_SASL_MECHANISM": _MECHANISM,
            "TRADEX_KAFKA_SASL_USERNAME": user,
            "TRADEX_KAFKA_SASL_PASSWORD": self.passwords[user],
            "TRADEX_KAFKA_SSL_CA_LOCATION": str(self.authority),
        }
