"""Makes an admin on the platform that runs on this machine."""

import sys

import click

from apps.cli.configuration import load_settings
from apps.cli.control import ControlError, CreateAdmin, control_path, require_platform, send
from apps.cli.failures import Failure, WrongUse
from tradex_core.errors import Undecodable
from tradex_core.events import codec

_COMMAND = "create-admin"


def make_admin(
    *, email: str, name: str, password_stdin: bool, port: int | None, as_json: bool
) -> None:
    """Ask for the password, have the account made, and print who it is.

    Raises WrongUse, and Failure where no platform runs here or it refuses.
    """
    settings = load_settings(port=port)
    _checked(email=email, name=name, password="-")  # noqa: S106 - before one is asked for
    try:
        path = control_path(settings.control_socket, port=settings.http_port)
        require_platform(path)
        password = _password(from_stdin=password_stdin)
        answer = send(path, _checked(email=email, name=name, password=password))
    except ControlError as error:
        raise Failure(str(error)) from error
    if answer.user is None:
        raise Failure(answer.error or "the platform did not say why")
    if as_json:
        click.echo(codec.encode(answer.user))
    else:
        click.echo(f"created admin {answer.user.email} ({answer.user.user_id})")


def _checked(*, email: str, name: str, password: str) -> CreateAdmin:
    fields = {"command": _COMMAND, "email": email, "name": name, "password": password}
    try:
        return codec.from_builtins(fields, CreateAdmin)
    except Undecodable as error:
        field = str(error).rpartition("$.")[2].rstrip("`")
        example = {"email": ", for example ada@example.com", "password": " of 8 characters or more"}
        msg = f"that is no {field} that can be used: give one{example.get(field, '')}"
        raise WrongUse(msg) from error


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        msg = "there is no terminal to ask for the password on: use --password-stdin"
        raise WrongUse(msg)
    prompted: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return prompted
