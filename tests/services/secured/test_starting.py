"""Apps and commands that Kafka does not let in say why, and by name."""

import secrets
from contextlib import ExitStack
from pathlib import Path

from tests.builders.certificates import make_certificate
from tests.services.apps.apps_alone import AppAlone
from tests.services.servers.kafka_security import Security
from tests.services.stack import Stack


def test_a_wrong_password_and_an_authority_that_is_not_its_are_said_at_start(
    stack: Stack, security: Security, tmp_path: Path
) -> None:
    told = {**stack.environment("orders"), "TRADEX_HTTP_PORT": "0", "TRADEX_STARTUP_TIMEOUT": "1s"}
    password, another = secrets.token_hex(16), make_certificate(tmp_path, "another")
    wrong = {
        "password": {**told, "TRADEX_KAFKA_SASL_PASSWORD": password},
        "authority": {**told, "TRADEX_KAFKA_SSL_CA_LOCATION": str(another.alone)},
    }
    with ExitStack() as running:
        apps = {
            name: running.enter_context(AppAlone("orders", env, tmp_path / f"{name}.log"))
            for name, env in wrong.items()
        }
        came = {name: app.refused() for name, app in apps.items()}
    for status, said in came.values():
        assert 1 == status
        assert f"broker: Kafka at {stack.kafka_address} cannot be reached" in said
    assert "Authentication failed" in came["password"][1]
    assert "certificate verify failed" in came["authority"][1]
    assert password not in came["password"][1]
    assert security.passwords["orders"] not in came["authority"][1]
