"""Every setting, read from the environment and a `.env` file; whatever is wrong is told at once."""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal, NamedTuple, Self, get_type_hints

from apps.runtime import setting_values as values
from apps.runtime.secret import SecretText, kept_secret
from apps.runtime.setting_sources import read_dotenv, read_secret_file
from tradex_core.key_rings import KeyRing

PREFIX: Final = "TRADEX_"
_FILE: Final = "_FILE"

NO_LIMITS: Final[Mapping[str, None]] = MappingProxyType(
    {
        "register_rate_limit": None,
        "register_account_limit": None,
        "login_rate_limit": None,
        "login_account_limit": None,
        "command_rate_limit": None,
    }
)
"""How often clients may do something, set to as often as they like."""


class SettingsError(Exception):
    """Settings are wrong, missing or unknown: each of `problems` names one and its remedy."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(f"the settings are not valid:{lines}")


class Reading(NamedTuple):
    """How a setting is read from text, and an example of one; a secret's example is its remedy.

    A secret may be in a file instead, and so may what changes together with one.
    """

    read: Callable[[str], Any]
    example: str
    secret: bool = False
    changes: bool = False

    @property
    def in_a_file(self) -> bool:
        """Whether the setting may be in a file."""
        return self.secret or self.changes


Check = Callable[["Settings"], Iterable[tuple[str, str]]]
"""Tells what is wrong with settings as a whole: each a setting's name, and why with the remedy."""

_count = values.whole_number(1, 1_000_000)
_limit = values.or_off(_count)
_postgres = Reading(
    values.database_url("postgresql", "postgres"),
    "for example postgresql://tradex:password@localhost:5432/tradex",
    secret=True,
)
_mongo = Reading(
    values.database_url("mongodb", "mongodb+srv"),
    "for example mongodb://tradex:password@localhost:27017/tradex",
    secret=True,
)
_time = values.duration
_memory = SecretText(values.MEMORY)
_accept_or_refuse = Reading(values.one_of("accept", "refuse"), "refuse")
_new_key = Reading(
    values.key_ring,
    "`python -c 'import secrets; print(secrets.token_urlsafe(32))'` makes one",
    secret=True,
)
_made_at_start = Reading(values.secret_text, "leave it out to have one made at start", secret=True)
_public_half = Reading(values.text, "the public half of TRADEX_SEALING_KEYS", changes=True)
_protocol = values.one_of("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_mechanism = values.one_of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All that can be set, with the defaults of the platform in one process.

    A key that is not set is made at start and lost at exit, which will do for that platform only.
    Secrets are of types that show `***`. `files` says in which file a setting was, by its name.
    """

    broker: Annotated[
        Literal["memory", "kafka"], Reading(values.one_of("memory", "kafka"), "kafka")
    ] = "memory"
    auth_database_url: Annotated[SecretText, _postgres] = _memory
    catalog_database_url: Annotated[SecretText, _mongo] = _memory
    orders_database_url: Annotated[SecretText, _postgres] = _memory
    gateway_database_url: Annotated[SecretText, _postgres] = _memory
    database_pool_size: Annotated[int, Reading(values.whole_number(2, 1000), "10")] = 10
    database_statement_timeout: Annotated[timedelta, Reading(_time, "30s")] = timedelta(seconds=30)
    database_lock_timeout: Annotated[timedelta, Reading(_time, "10s")] = timedelta(seconds=10)

    kafka_bootstrap_servers: Annotated[str | None, Reading(values.text, "localhost:9092")] = None
    kafka_security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"], Reading(_protocol, "SASL_SSL")
    ] = "PLAINTEXT"
    kafka_sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None,
        Reading(_mechanism, "SCRAM-SHA-512"),
    ] = None
    kafka_sasl_username: Annotated[str | None, Reading(values.text, "tradex")] = None
    kafka_sasl_password: Annotated[
        SecretText | None, Reading(values.secret_text, "your Kafka cluster gives it", secret=True)
    ] = None
    kafka_ssl_ca_location: Annotated[Path | None, Reading(values.path, "/etc/ssl/ca.crt")] = None
    kafka_group_protocol: Annotated[
        Literal["classic", "consumer"], Reading(values.one_of("classic", "consumer"), "classic")
    ] = "classic"
    consumer_batch: Annotated[int, Reading(values.whole_number(1, 10_000), "500")] = 500

    http_host: Annotated[str, Reading(values.text, "127.0.0.1")] = "127.0.0.1"
    http_port: Annotated[int, Reading(values.whole_number(0, 65535), "3000")] = 3000
    metrics_host: Annotated[str, Reading(values.text, "127.0.0.1")] = "127.0.0.1"
    metrics_port: Annotated[int | None, Reading(values.whole_number(1, 65535), "9000")] = None
    control_socket: Annotated[Path | None, Reading(values.path, "/run/tradex.sock")] = None
    cors_origins: Annotated[
        tuple[str, ...], Reading(values.origins, "https://shop.example.com")
    ] = ()

    log_format: Annotated[
        Literal["console", "json"], Reading(values.one_of("console", "json"), "json")
    ] = "console"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Reading(values.one_of("debug", "info", "warning", "error"), "warning"),
    ] = "info"

    otlp_endpoint: Annotated[
        str | None, Reading(values.server_url("http", "https"), "http://localhost:4318")
    ] = None
    trace_sampling: Annotated[float, Reading(values.fraction, "0.01")] = 0.01
    client_sampling: Annotated[Literal["accept", "refuse"], _accept_or_refuse] = "refuse"

    startup_timeout: Annotated[timedelta, Reading(_time, "60s")] = timedelta(seconds=60)
    shutdown_timeout: Annotated[timedelta, Reading(_time, "10s")] = timedelta(seconds=10)
    pending_timeout: Annotated[timedelta, Reading(_time, "60s")] = timedelta(seconds=60)
    unsigned_commands: Annotated[Literal["accept", "refuse"], _accept_or_refuse] = "accept"
    plaintext_passwords: Annotated[Literal["accept", "refuse"], _accept_or_refuse] = "refuse"
    argon2: Annotated[
        Literal["default", "owasp-minimum"],
        Reading(values.one_of("default", "owasp-minimum"), "default"),
    ] = "default"

    actor_signing_key: Annotated[KeyRing | None, _new_key] = None
    gateway_key: Annotated[KeyRing | None, _new_key] = None
    jwt_signing_key: Annotated[SecretText | None, _made_at_start] = None
    sealing_keys: Annotated[SecretText | None, _made_at_start] = None
    sealing_public_key: Annotated[str | None, _public_half] = None

    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...], Reading(values.networks, "10.0.0.2,10.1.0.0/24")
    ] = ()
    register_rate_limit: Annotated[int | None, Reading(_limit, "20")] = 20
    register_account_limit: Annotated[int | None, Reading(_limit, "10")] = 10
    login_rate_limit: Annotated[int | None, Reading(_limit, "60")] = 60
    login_account_limit: Annotated[int | None, Reading(_limit, "30")] = 30
    command_rate_limit: Annotated[int | None, Reading(_limit, "600")] = 600
    max_pending: Annotated[int, Reading(_count, "10000")] = 10_000
    max_in_flight: Annotated[int, Reading(_count, "1000")] = 1_000
    max_sign_ins: Annotated[int, Reading(_count, "50")] = 50
    max_reads: Annotated[int, Reading(_count, "200")] = 200
    max_streams: Annotated[int, Reading(_count, "2000")] = 2_000
    max_connections: Annotated[int, Reading(_count, "5000")] = 5_000
    hashing_threads: Annotated[int, Reading(values.whole_number(1, 64), "2")] = 2

    breaker_failures: Annotated[int, Reading(values.whole_number(1, 1000), "5")] = 5
    breaker_patience: Annotated[timedelta, Reading(_time, "5s")] = timedelta(seconds=5)
    breaker_pause: Annotated[timedelta, Reading(_time, "5s")] = timedelta(seconds=5)

    header_timeout: Annotated[timedelta, Reading(_time, "10s")] = timedelta(seconds=10)
    body_timeout: Annotated[timedelta, Reading(_time, "20s")] = timedelta(seconds=20)
    send_timeout: Annotated[timedelta, Reading(_time, "30s")] = timedelta(seconds=30)
    keep_alive_timeout: Annotated[timedelta, Reading(_time, "5s")] = timedelta(seconds=5)

    files: Mapping[str, Path] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Give secrets that came as plain text or bytes the types that do not show them."""
        for name, reading in _READINGS.items():
            value = getattr(self, name)
            if reading.secret and value is not None:
                object.__setattr__(self, name, kept_secret(value))

    @classmethod
    def embedded(cls, **overrides: Any) -> Self:  # noqa: ANN401 - each setting its own type
        """Return the settings of the platform in one process, but for what is overridden."""
        return cls(**overrides)

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        dotenv_path: Path | None = Path(".env"),
        *,
        check: Check | None = None,
        **defaults: Any,  # noqa: ANN401 - each setting its own type
    ) -> Self:
        """Read the settings from the environment, and what it lacks from a `.env` file.

        `check` tells what of settings that can be read is missing or contradictory all the same;
        `defaults` stand in for the usual ones. Raises SettingsError with everything that is wrong,
        missing or unknown.
        """
        problems: list[str] = []
        environment = os.environ if environ is None else environ
        given = _merged(_ours(environment), _ours(read_dotenv(dotenv_path, problems)))
        read = _read_all(given, problems)
        settings = cls(**{**defaults, **read}, files=_files(given, read))
        unread = {_NAMES.get(variable) for variable in given} - set(read)
        found = check(settings) if check is not None else ()
        problems += [f"{variable(name)}: {why}" for name, why in found if name not in unread]
        if problems:
            raise SettingsError(problems)
        return settings

    @property
    def unsigned_accepted(self) -> bool:
        """Whether commands without a signed actor are handled."""
        return self.unsigned_commands == "accept"

    @property
    def plaintext_accepted(self) -> bool:
        """Whether passwords that nobody sealed are read."""
        return self.plaintext_passwords == "accept"


_READINGS: Final[Mapping[str, Reading]] = {
    name: hint.__metadata__[0]
    for name, hint in get_type_hints(Settings, include_extras=True).items()
    if name != "files"
}
_NAMES: Final[Mapping[str, str]] = {
    PREFIX + name.upper() + suffix: name
    for name, reading in _READINGS.items()
    for suffix in (("", _FILE) if reading.in_a_file else ("",))
}
"""The variables, and the setting that each is for."""


def variable(name: str) -> str:
    """Return the variable that a setting is read from."""
    return PREFIX + name.upper()


def variables() -> tuple[str, ...]:
    """Return the name of every variable that is read."""
    return tuple(_NAMES)


def _ours(source: Mapping[str, str | None]) -> dict[str, str | None]:
    return {variable: value for variable, value in source.items() if variable.startswith(PREFIX)}


def _merged(
    environment: Mapping[str, str | None], dotenv: Mapping[str, str | None]
) -> dict[str, str | None]:
    decided = {_NAMES.get(variable, variable) for variable in environment}
    rest = {v: value for v, value in dotenv.items() if _NAMES.get(v, v) not in decided}
    return {**rest, **environment}


def _read_all(given: Mapping[str, str | None], problems: list[str]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for variable, raw in given.items():
        name = _NAMES.get(variable)
        if name is None:
            problems.append(_unknown(variable))
        elif variable + _FILE in given and _READINGS[name].in_a_file:
            problems.append(f"{variable}: {variable}{_FILE} is set too; keep one of the two")
        else:
            try:
                read[name] = _value(variable, raw, _READINGS[name])
            except ValueError as error:
                problems.append(f"{variable}: {error}; {_remedy(variable, _READINGS[name])}")
    return read


def _value(variable: str, raw: str | None, reading: Reading) -> Any:  # noqa: ANN401
    value = read_secret_file(raw) if raw and _names_file(variable) else raw
    if not value:
        msg = "it has no value"
        raise ValueError(msg)
    return reading.read(value)


def _names_file(variable: str) -> bool:
    return variable == PREFIX + _NAMES[variable].upper() + _FILE


def _files(given: Mapping[str, str | None], read: Mapping[str, Any]) -> dict[str, Path]:
    return {
        _NAMES[variable]: Path(raw)
        for variable, raw in given.items()
        if raw and _NAMES.get(variable) in read and _names_file(variable)
    }


def remedy(name: str) -> str:
    """Return what to write where a setting is missing, or cannot be read."""
    return _remedy(variable(name), _READINGS[name])


def _remedy(variable: str, reading: Reading) -> str:
    return reading.example if reading.secret else f"for example {variable}={reading.example}"


def _unknown(variable: str) -> str:
    [*near] = get_close_matches(variable, _NAMES, n=1)
    remedy = f"did you mean {near[0]}?" if near else "remove it"
    return f"{variable}: there is no such setting; {remedy}"
