"""The settings of a command: those of the environment, but for what its options say."""

from dataclasses import replace

from apps.cli.failures import WrongUse
from apps.runtime.settings import Settings, SettingsError


def load_settings(*, host: str | None = None, port: int | None = None) -> Settings:
    """Read the settings; raises WrongUse with everything that is wrong with them."""
    try:
        settings = Settings.load()
    except SettingsError as error:
        raise WrongUse(str(error)) from error
    return replace(
        settings,
        http_host=settings.http_host if host is None else host,
        http_port=settings.http_port if port is None else port,
    )
