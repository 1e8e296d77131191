"""The settings of a command: those of the environment, but for what its options say."""

from dataclasses import replace
from typing import Any

from apps.cli.failures import WrongUse
from apps.runtime.settings import Check, Settings, SettingsError


def load_settings(
    *,
    host: str | None = None,
    port: int | None = None,
    check: Check | None = None,
    **defaults: Any,  # noqa: ANN401 - each setting its own type
) -> Settings:
    """Read the settings; raises WrongUse with everything that is wrong with them.

    `check` tells what the command needs of them; `defaults` stand in for the usual ones.
    """
    try:
        settings = Settings.load(check=check, **defaults)
    except SettingsError as error:
        raise WrongUse(str(error)) from error
    return replace(
        settings,
        http_host=settings.http_host if host is None else host,
        http_port=settings.http_port if port is None else port,
    )
