"""How a command fails: with a line on standard error that names the remedy, and an exit status."""

import os

import click


class Failure(click.ClickException):
    """The command did not do what it was asked: exit status 1."""

    exit_code = 1


class WrongUse(click.ClickException):
    """The command was not asked rightly, by its options or the settings: exit status 2."""

    exit_code = 2


def is_debugging() -> bool:
    """Return whether whoever runs the command wants to see tracebacks."""
    return os.environ.get("TRADEX_LOG_LEVEL", "").lower() == "debug"


def unexpected(error: Exception) -> Failure:
    """Return the failure for an error that nobody foresaw."""
    kind = type(error).__name__
    return Failure(
        f"{kind}: {error}\nThis is a fault in Tradex: please report it with what the same command"
        " prints after TRADEX_LOG_LEVEL=debug is set."
    )
