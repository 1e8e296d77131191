import base64
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.docs.pages import ROOT

from apps.runtime.settings import Settings, SettingsError, variables
from tradex_core.key_rings import KeyRing, RingKey

KEY = bytes(range(32))
HEX_KEY = KEY.hex()
BASE64_KEY = base64.urlsafe_b64encode(KEY).decode()


def load(environ: dict[str, str], dotenv_path: Path | None = None) -> Settings:
    return Settings.load(environ, dotenv_path)


def problems_of(environ: dict[str, str], dotenv_path: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        load(environ, dotenv_path)
    return refused.value.problems


def test_without_any_setting_the_platform_runs_in_memory_on_the_originals_port() -> None:
    settings = load({"PATH": "/usr/bin"})

    assert settings == Settings.embedded()
    assert ("memory", "127.0.0.1", 3000) == (
        settings.broker,
        settings.http_host,
        settings.http_port,
    )


def test_every_name_of_the_contract_is_known() -> None:
    environ = {
        "TRADEX_BROKER": "memory",
        "TRADEX_KAFKA_BOOTSTRAP_SERVERS": "kafka-1:9092,kafka-2:9092",
        "TRADEX_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "TRADEX_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "TRADEX_KAFKA_SASL_USERNAME": "tradex",
        "TRADEX_KAFKA_SASL_PASSWORD": "correct horse",
        "TRADEX_KAFKA_SSL_CA_LOCATION": "/etc/ssl/ca.crt",
        "TRADEX_KAFKA_GROUP_PROTOCOL": "consumer",
        "TRADEX_CONSUMER_BATCH": "100",
        "TRADEX_AUTH_DATABASE_URL": "postgresql://tradex:secret@postgres:5432/auth",
        "TRADEX_ORDERS_DATABASE_URL": "postgres://postgres/orders?sslmode=require",
        "TRADEX_GATEWAY_DATABASE_URL": "memory:",
        "TRADEX_CATALOG_DATABASE_URL": "mongodb://one:27017,two:27017/catalog?replicaSet=rs",
        "TRADEX_DATABASE_POOL_SIZE": "4",
        "TRADEX_DATABASE_STATEMENT_TIMEOUT": "20s",
        "TRADEX_DATABASE_LOCK_TIMEOUT": "5s",
        "TRADEX_HTTP_HOST": "0.0.0.0",  # noqa: S104 - an operator's choice
        "TRADEX_HTTP_PORT": "8080",
        "TRADEX_METRICS_HOST": "10.0.0.1",
        "TRADEX_METRICS_PORT": "9000",
        "TRADEX_LOG_FORMAT": "json",
        "TRADEX_LOG_LEVEL": "WARNING",
        "TRADEX_STARTUP_TIMEOUT": "3m",
        "TRADEX_SHUTDOWN_TIMEOUT": "5s",
        "TRADEX_PENDING_TIMEOUT": "2m",
        "TRADEX_UNSIGNED_COMMANDS": "refuse",
        "TRADEX_PLAINTEXT_PASSWORDS": "accept",
        "TRADEX_ACTOR_SIGNING_KEY": HEX_KEY,
        "TRADEX_GATEWAY_KEY": BASE64_KEY,
        "TRADEX_JWT_SIGNING_KEY": "ring",
        "TRADEX_SEALING_KEYS": "private",
        "TRADEX_SEALING_PUBLIC_KEY": "public",
        "TRADEX_CORS_ORIGINS": "https://shop.example.com, http://localhost:5173",
        "TRADEX_TRUSTED_PROXIES": "10.0.0.2, 10.1.0.0/24,2001:db8::/32",
        "TRADEX_REGISTER_RATE_LIMIT": "50",
        "TRADEX_REGISTER_ACCOUNT_LIMIT": "5",
        "TRADEX_LOGIN_RATE_LIMIT": "OFF",
        "TRADEX_LOGIN_ACCOUNT_LIMIT": "12",
        "TRADEX_COMMAND_RATE_LIMIT": "off",
        "TRADEX_MAX_PENDING": "7",
        "TRADEX_MAX_IN_FLIGHT": "8",
        "TRADEX_ARGON2": "owasp-minimum",
        "TRADEX_OTLP_ENDPOINT": "http://collector:4318",
        "TRADEX_TRACE_SAMPLING": "0.25",
        "TRADEX_CLIENT_SAMPLING": "accept",
        "TRADEX_CONTROL_SOCKET": "/run/tradex.sock",
    }

    settings = load(environ)

    assert 8080 == settings.http_port
    assert ("10.0.0.1", 9000) == (settings.metrics_host, settings.metrics_port)
    assert environ["TRADEX_AUTH_DATABASE_URL"] == settings.auth_database_url
    assert ("consumer", 100, 4) == (
        settings.kafka_group_protocol,
        settings.consumer_batch,
        settings.database_pool_size,
    )
    assert timedelta(minutes=3) == settings.startup_timeout
    assert timedelta(seconds=5) == settings.shutdown_timeout
    assert "warning" == settings.log_level
    assert timedelta(minutes=2) == settings.pending_timeout
    assert not settings.unsigned_accepted
    assert settings.plaintext_accepted
    assert KeyRing.of(KEY) == settings.actor_signing_key
    assert KeyRing.of(KEY) == settings.gateway_key
    assert ("https://shop.example.com", "http://localhost:5173") == settings.cors_origins
    assert Path("/run/tradex.sock") == settings.control_socket
    assert ["10.0.0.2/32", "10.1.0.0/24", "2001:db8::/32"] == [
        str(network) for network in settings.trusted_proxies
    ]
    assert (50, 5, None, 12, None) == (
        settings.register_rate_limit,
        settings.register_account_limit,
        settings.login_rate_limit,
        settings.login_account_limit,
        settings.command_rate_limit,
    )
    assert ("http://collector:4318", 0.25, "accept") == (
        settings.otlp_endpoint,
        settings.trace_sampling,
        settings.client_sampling,
    )


def test_everything_that_is_wrong_missing_or_unknown_is_told_at_once() -> None:
    problems = problems_of(
        {
            "TRADEX_HTTP_PORT": "eighty",
            "TRADEX_LOG_FORMAT": "xml",
            "TRADEX_LOGLEVEL": "info",
        }
    )

    assert (
        (
            "TRADEX_HTTP_PORT: 'eighty' is not a whole number from 0 to 65535;"
            " for example TRADEX_HTTP_PORT=3000"
        ),
        "TRADEX_LOG_FORMAT: 'xml' is not one of console, json; for example TRADEX_LOG_FORMAT=json",
        "TRADEX_LOGLEVEL: there is no such setting; did you mean TRADEX_LOG_LEVEL?",
    ) == problems


def test_the_error_shows_every_problem_on_its_line() -> None:
    with pytest.raises(SettingsError) as refused:
        load({"TRADEX_HTTP_PORT": "x", "TRADEX_METRICS_PORT": "y"})

    assert 3 == len(str(refused.value).splitlines())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRADEX_HTTP_PORT", "-1"),
        ("TRADEX_HTTP_PORT", "65536"),
        ("TRADEX_HTTP_PORT", ""),
        ("TRADEX_HTTP_HOST", ""),
        ("TRADEX_METRICS_PORT", "0"),
        ("TRADEX_PENDING_TIMEOUT", "0"),
        ("TRADEX_PENDING_TIMEOUT", "-5s"),
        ("TRADEX_PENDING_TIMEOUT", "5 fortnights"),
        ("TRADEX_PENDING_TIMEOUT", "9" * 400),
        ("TRADEX_MAX_PENDING", "0"),
        ("TRADEX_CORS_ORIGINS", "*"),
        ("TRADEX_CORS_ORIGINS", "https://shop.example.com/path"),
        ("TRADEX_UNSIGNED_COMMANDS", "maybe"),
        ("TRADEX_ARGON2", "fast"),
        ("TRADEX_GATEWAY_KEY", "not a key!"),
        ("TRADEX_GATEWAY_KEY", "00" * 31),
        ("TRADEX_ACTOR_SIGNING_KEY", "schlüssel" * 8),
        ("TRADEX_HTTP_PORT_FILE", "/run/port"),
        ("TRADEX_BROKER", "rabbit"),
        ("TRADEX_KAFKA_GROUP_PROTOCOL", "share"),
        ("TRADEX_DATABASE_POOL_SIZE", "1"),
        ("TRADEX_AUTH_DATABASE_URL", "mongodb://localhost/auth"),
        ("TRADEX_AUTH_DATABASE_URL", "postgresql://localhost"),
        ("TRADEX_CATALOG_DATABASE_URL", "postgresql://localhost/catalog"),
        ("TRADEX_OTLP_ENDPOINT", "collector:4318"),
        ("TRADEX_OTLP_ENDPOINT", "grpc://collector:4317"),
        ("TRADEX_OTLP_ENDPOINT", "http://collector:4318?key=1"),
        ("TRADEX_OTLP_ENDPOINT", "http://["),
        ("TRADEX_TRACE_SAMPLING", "1.01"),
        ("TRADEX_TRACE_SAMPLING", "-0.1"),
        ("TRADEX_TRACE_SAMPLING", "nan"),
        ("TRADEX_TRACE_SAMPLING", "1e-2"),
        ("TRADEX_CLIENT_SAMPLING", "trust"),
        ("TRADEX_TRUSTED_PROXIES", "proxy.internal"),
        ("TRADEX_TRUSTED_PROXIES", "10.1.0.1/24"),
        ("TRADEX_TRUSTED_PROXIES", "10.0.0.2,0.0.0.0/0"),
        ("TRADEX_TRUSTED_PROXIES", "::/0"),
        ("TRADEX_LOGIN_RATE_LIMIT", "0"),
        ("TRADEX_LOGIN_ACCOUNT_LIMIT", "-1"),
        ("TRADEX_COMMAND_RATE_LIMIT", "never"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_variables_name(
    variable: str, value: str
) -> None:
    [problem] = problems_of({variable: value})

    assert problem.startswith(f"{variable}: ")


def test_a_collectors_url_holds_no_password_and_the_error_does_not_show_it() -> None:
    [problem] = problems_of({"TRADEX_OTLP_ENDPOINT": "https://me:hunter2@collector"})

    assert "hunter2" not in problem


@pytest.mark.parametrize(
    ("text", "seconds"), [("60", 60), ("0.5", 0.5), ("60s", 60), ("1.5m", 90), ("2h", 7200)]
)
def test_a_duration_is_in_seconds_or_has_its_unit_behind_it(text: str, seconds: float) -> None:
    settings = load({"TRADEX_PENDING_TIMEOUT": text})

    assert timedelta(seconds=seconds) == settings.pending_timeout


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("TRADEX_HTTP_PORT=4000\nTRADEX_LOG_FORMAT=json\nOTHER=1\n", encoding="utf-8")

    settings = load({"TRADEX_HTTP_PORT": "5000"}, dotenv)

    assert (5000, "json") == (settings.http_port, settings.log_format)


def test_reading_the_file_leaves_the_environment_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TRADEX_HTTP_PORT", raising=False)
    dotenv = tmp_path / ".env"
    dotenv.write_text("TRADEX_HTTP_PORT=4000\n", encoding="utf-8")

    Settings.load(dotenv_path=dotenv)
    settings = Settings.load(dotenv_path=None)

    assert 3000 == settings.http_port


def test_a_file_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert Settings.embedded() == load({}, tmp_path / ".env")


def test_a_line_that_cannot_be_read_is_named_by_its_number(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("TRADEX_LOG_FORMAT=json\nTRADEX_HTTP_PORT='4000\n", encoding="utf-8")

    assert (f"{dotenv}: line 2 cannot be read; write NAME=value",) == problems_of({}, dotenv)


def test_a_file_that_is_not_text_is_told_of(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_bytes(b"TRADEX_LOG_FORMAT=\xff\n")

    [problem] = problems_of({}, dotenv)

    assert "it is not UTF-8" in problem


def test_unknown_settings_in_the_file_are_told_of_too(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("TRADEX_HTTP_PROT=4000\n", encoding="utf-8")

    [problem] = problems_of({}, dotenv)

    assert "did you mean TRADEX_HTTP_PORT?" in problem


def test_a_secret_can_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{HEX_KEY}\n", encoding="utf-8")

    settings = load({"TRADEX_GATEWAY_KEY_FILE": str(file)})

    assert KeyRing.of(KEY) == settings.gateway_key


def test_a_secrets_file_in_the_environment_wins_over_the_secret_in_the_dotenv_file(
    tmp_path: Path,
) -> None:
    file, dotenv = tmp_path / "key", tmp_path / ".env"
    file.write_text(HEX_KEY, encoding="utf-8")
    dotenv.write_text(f"TRADEX_GATEWAY_KEY={'ff' * 32}\n", encoding="utf-8")

    settings = load({"TRADEX_GATEWAY_KEY_FILE": str(file)}, dotenv)

    assert KeyRing.of(KEY) == settings.gateway_key


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(HEX_KEY, encoding="utf-8")

    [problem] = problems_of({"TRADEX_GATEWAY_KEY": HEX_KEY, "TRADEX_GATEWAY_KEY_FILE": str(file)})

    assert "TRADEX_GATEWAY_KEY_FILE is set too" in problem


def test_an_empty_secrets_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.touch()

    [problem] = problems_of({"TRADEX_JWT_SIGNING_KEY_FILE": str(file)})

    assert problem.startswith("TRADEX_JWT_SIGNING_KEY_FILE: it has no value")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRADEX_GATEWAY_KEY", "hunter2"),
        ("TRADEX_GATEWAY_KEY_FILE", "hunter2"),
        ("TRADEX_AUTH_DATABASE_URL", "postgresql://tradex:hunter2@localhost"),
        ("TRADEX_AUTH_DATABASE_URL", "postgresql://tradex:hunter2@[localhost/auth"),
        ("TRADEX_CATALOG_DATABASE_URL", "mysql://tradex:hunter2@localhost/catalog"),
    ],
)
def test_what_is_said_of_a_wrong_secret_does_not_show_it(variable: str, value: str) -> None:
    [problem] = problems_of({variable: value})

    assert "hunter2" not in problem


def test_secrets_are_not_shown_however_the_settings_are() -> None:
    settings = Settings.embedded(
        gateway_key=b"hunter2-" * 4,
        jwt_signing_key="hunter2",
        kafka_sasl_password="hunter2",
        auth_database_url="postgresql://tradex:hunter2@localhost/auth",
    )

    assert "hunter2" not in f"{settings!r} {settings} {settings.gateway_key} "
    assert "hunter2" not in f"{settings.jwt_signing_key} {settings.kafka_sasl_password!r}"
    assert "hunter2" not in f"{settings.auth_database_url} {settings.auth_database_url!r}"
    assert "gateway_key=***" in repr(settings)


def test_a_secret_is_usable_as_what_it_is() -> None:
    settings = Settings.embedded(gateway_key=b"x" * 32, jwt_signing_key="ring")

    assert KeyRing.of(b"x" * 32) == settings.gateway_key
    assert "ring" == settings.jwt_signing_key


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRADEX_JWT_SIGNING_KEY", "ring"),
        ("TRADEX_GATEWAY_DATABASE_URL", "postgresql://tradex:hunter2@localhost/gateway"),
    ],
)
def test_a_secret_that_was_read_is_what_was_given(variable: str, value: str) -> None:
    settings = load({variable: value})

    read = getattr(settings, variable.removeprefix("TRADEX_").lower())
    assert (value, value) == (read, read.reveal())
    assert value in f"{read.reveal()}"


def test_it_is_known_which_settings_were_in_files(tmp_path: Path) -> None:
    file = tmp_path / "public"
    file.write_text("public\n", encoding="utf-8")

    settings = load({"TRADEX_SEALING_PUBLIC_KEY_FILE": str(file), "TRADEX_GATEWAY_KEY": HEX_KEY})

    assert "public" == settings.sealing_public_key
    assert {"sealing_public_key": file} == settings.files


def test_a_ring_of_keys_has_a_time_beside_each(tmp_path: Path) -> None:
    file = tmp_path / "ring"
    file.write_text(f"{HEX_KEY}\n{'ff' * 32}@2024-01-15T10:00:00Z\n", encoding="utf-8")

    settings = load({"TRADEX_GATEWAY_KEY_FILE": str(file)})

    newer = RingKey(b"\xff" * 32, datetime(2024, 1, 15, 10, tzinfo=UTC))
    assert KeyRing((RingKey(KEY), newer)) == settings.gateway_key


def test_a_database_can_be_named_in_a_file_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://tradex:hunter2@localhost/auth\n", encoding="utf-8")

    settings = load({"TRADEX_AUTH_DATABASE_URL_FILE": str(file)})

    assert "postgresql://tradex:hunter2@localhost/auth" == settings.auth_database_url


def test_a_default_stands_in_where_nothing_is_set() -> None:
    unset = Settings.load({}, None, http_port=3001)
    given = Settings.load({"TRADEX_HTTP_PORT": "80"}, None, http_port=3001)

    assert (3001, 80) == (unset.http_port, given.http_port)


def test_what_a_check_finds_is_told_with_the_rest_but_not_of_what_could_not_be_read() -> None:
    found = [("http_port", "it is odd"), ("log_level", "it is loud")]

    with pytest.raises(SettingsError) as refused:
        Settings.load({"TRADEX_HTTP_PORT": "x"}, None, check=lambda _: found)

    unread, checked = refused.value.problems
    assert unread.startswith("TRADEX_HTTP_PORT: 'x' is not")
    assert "TRADEX_LOG_LEVEL: it is loud" == checked


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings.embedded().http_port = 1  # type: ignore[misc]


def test_every_setting_stands_where_operators_look() -> None:
    pages = [*ROOT.glob("docs/how-to/*.md"), *ROOT.glob("docs/runbooks/*.md"), ROOT / "README.md"]
    told = set(re.findall(r"[A-Z][A-Z0-9_]+", "\n".join(page.read_text() for page in pages)))
    names = {name.removesuffix("_FILE") for name in variables()}
    bare = {name.removeprefix("TRADEX_") for name in names}
    assert set() == bare - {name.removeprefix("TRADEX_").removesuffix("_FILE") for name in told}
