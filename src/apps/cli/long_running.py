"""Runs what goes on until it is told to stop."""

from collections.abc import Coroutine
from typing import Any

from apps.cli.control import ControlError
from apps.cli.event_loop import run
from apps.cli.failures import Failure, WrongUse
from apps.runtime.extras import MissingExtra
from apps.runtime.http_server import AddressInUse
from apps.runtime.logging import configure_logging
from apps.runtime.service import BackgroundFailure
from apps.runtime.settings import Settings, SettingsError
from apps.runtime.startup import NotStarted
from tradex_core.errors import TradexError


def run_until_told(
    what: str, work: Coroutine[Any, Any, None], settings: Settings, *, service: str
) -> None:
    """Run until a signal, and then as long as draining may take; the log is that of `service`.

    Raises Failure where it cannot begin or go on, and WrongUse for settings that cannot be used.
    """
    configure_logging(log_format=settings.log_format, level=settings.log_level, service=service)
    try:
        run(work, drained_within=settings.shutdown_timeout)
    except SettingsError as error:
        raise WrongUse(str(error)) from error
    except NotStarted as error:
        msg = f"{what} cannot start: {error}"
        raise Failure(msg) from error
    except (AddressInUse, BackgroundFailure, ControlError, MissingExtra, TradexError) as error:
        raise Failure(str(error)) from error
