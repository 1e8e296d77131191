"""Whatever is set as a secret is shown nowhere, whether it can be read or not."""

import base64
import logging
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog

from apps.runtime.logging import configure_logging
from apps.runtime.settings import Settings, SettingsError, variables

PUBLIC = "TRADEX_SEALING_PUBLIC_KEY"
SECRETS = sorted({each.removesuffix("_FILE") for each in variables() if each.endswith("_FILE")})
SECRETS.remove(PUBLIC)
KEY = base64.urlsafe_b64encode(b"hunter2-" * 4).decode()
TEXTS = {
    "a ring": f"{(b'another-' * 4).hex()},{KEY}@2024-01-15T10:00:00Z",
    "a key": KEY,
    "PostgreSQL": "postgresql://tradex:hunter2@localhost/auth",
    "MongoDB": "mongodb://tradex:hunter2@localhost/catalog",
    "too short": "hunter2",
    "a wrong time": f"{KEY}@hunter2",
    "no URL": "http://hunter2@[localhost",
    "a key twice": f"{KEY},{KEY}",
    "not ASCII": "hünter2-hünter2-hünter2-hünter2-hünter2",
}


@pytest.fixture(autouse=True)
def log() -> Iterator[StringIO]:
    """What is logged by the test, as lines of JSON."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = StringIO()
    configure_logging(log_format="json", level="info", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def said_of(environ: dict[str, str]) -> str:
    """Return all that is said of settings and of each that is set, in any way, logged ones too."""
    try:
        settings = Settings.load(environ, None)
    except SettingsError as error:
        structlog.get_logger().exception("refused", error=error)
        return f"{error}{error!r}{error.problems}{error.__cause__!r}{error.__context__!r}"
    values = [value for value in vars(settings).values() if value is not None]
    structlog.get_logger().info("started", settings=settings, each=values, **vars(settings))
    return f"{settings}{settings!r}{values}{''.join(map(str, values))}"


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_shown(secret: str, kind: str, log: StringIO, tmp_path: Path) -> None:
    text, file = TEXTS[kind], tmp_path / "secret"
    file.write_text(text, encoding="utf-8")
    for environ in ({secret: text}, {f"{secret}_FILE": str(file)}):
        said = said_of(environ) + log.getvalue()
        for part in (text, KEY, (b"another-" * 4).hex(), "hunter2", "hünter2"):
            assert part not in said


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_that_was_set_as_the_name_of_a_file_is_not_shown(
    secret: str, log: StringIO
) -> None:
    for text in TEXTS.values():
        assert text not in said_of({f"{secret}_FILE": text}) + log.getvalue()


def test_every_secret_that_the_contract_names_is_among_them() -> None:
    contract = {"ACTOR_SIGNING_KEY", "GATEWAY_KEY", "JWT_SIGNING_KEY", "SEALING_KEYS"}
    others = {"KAFKA_SASL_PASSWORD", "AUTH_DATABASE_URL", "CATALOG_DATABASE_URL"}
    assert {f"TRADEX_{name}" for name in contract | others} <= set(SECRETS)
