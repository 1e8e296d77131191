"""The `tradex` command: what there is, and what it says of itself.

The commands import what they run only when they run, so that `tradex --help` answers at once.
"""

from importlib import metadata

import click

from apps.cli.failures import is_debugging, unexpected
from apps.cli.operations import OPERATIONS


class CommandLine(click.Group):
    """A group of commands none of which ends in a traceback, unless one is asked for."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; what nobody foresaw becomes a line that says so, and exit status 1."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if is_debugging():
                raise
            raise unexpected(error) from error


def _show_version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:  # noqa: FBT001
    if wanted and not ctx.resilient_parsing:
        try:
            version = metadata.version("tradex")
        except metadata.PackageNotFoundError:
            version = "of a source tree that is not installed"
        click.echo(f"tradex {version}")
        ctx.exit()


_EXAMPLES = """\b
Examples:
  tradex demo                 watch 830 real orders, and the books balance
  tradex up --demo            run the platform, with a catalogue to try it on
  tradex up --help            what a command does, with an example
"""

APPS = ("gateway", "auth", "catalog", "orders", "projector")
"""What runs alone; that each has a port is tested."""

_port = click.IntRange(0, 65535)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(
    cls=CommandLine, epilog=_EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Print the version and exit.",
)
def tradex() -> None:
    """Tradex: an event-driven marketplace platform.

    Settings come from the environment and a .env file, all with the prefix TRADEX_.
    """


@tradex.command(epilog="\b\nExample:\n  tradex up --port 8080 --demo")
@click.option("--host", metavar="HOST", help="Listen on this address instead of TRADEX_HTTP_HOST.")
@click.option("--port", type=_port, help="Listen on this port instead of TRADEX_HTTP_PORT.")
@click.option("--demo", is_flag=True, help="Add a catalogue and a buyer, a seller and an admin.")
@_json
def up(host: str | None, port: int | None, demo: bool, as_json: bool) -> None:  # noqa: FBT001
    """Run the whole platform in this process, in memory.

    Prints `ready http://…` once it answers. Ctrl-C ends it after what was accepted is handled;
    then everything is gone.
    """
    from apps.cli.configuration import load_settings  # noqa: PLC0415 - see the module's docstring
    from apps.runtime.requirements import for_platform  # noqa: PLC0415

    settings = load_settings(host=host, port=port, check=for_platform)
    from apps.cli.serving import run_platform  # noqa: PLC0415 - see the module's docstring

    run_platform(settings, demo=demo, as_json=as_json)


@tradex.command(epilog="\b\nExample:\n  tradex run orders")
@click.argument("app", type=click.Choice(APPS))
@click.option("--host", metavar="HOST", help="Listen on this address instead of TRADEX_HTTP_HOST.")
@click.option("--port", type=_port, help="Listen on this port instead of TRADEX_HTTP_PORT.")
@_json
def run(app: str, host: str | None, port: int | None, as_json: bool) -> None:  # noqa: FBT001
    """Run one app in this process, on Kafka and its own database.

    Waits for its servers, then prints `ready http://…`. It tells of its health on its port, which
    is 3000 for the gateway, 3001 for auth, 3002 for catalog, 3003 for orders and 3004 for
    projector, where no other is set. SIGTERM and Ctrl-C end it once what is at hand is handled.
    """
    from apps.cli.configuration import load_settings  # noqa: PLC0415 - see the module's docstring
    from apps.runtime.requirements import PORTS, for_app  # noqa: PLC0415

    settings = load_settings(host=host, port=port, check=for_app(app), http_port=PORTS[app])
    from apps.cli.running import run_app  # noqa: PLC0415 - see the module's docstring

    run_app(app, settings, as_json=as_json)


@tradex.command(epilog="\b\nExample:\n  tradex demo --json > summary.json")
@click.option("--port", type=_port, default=0, help="Listen on this port instead of a free one.")
@_json
def demo(port: int, as_json: bool) -> None:  # noqa: FBT001
    """Replay 830 real orders through the HTTP API and check the books.

    Starts a platform of its own, whatever the settings are. Exit status 1 unless every order was
    accepted and came to its end, and all invariants hold.
    """
    from apps.cli.replaying import replay_demo  # noqa: PLC0415 - see the module's docstring

    replay_demo(port=port, as_json=as_json)


@tradex.command(epilog="\b\nExample:\n  tradex openapi > openapi.json")
@click.option("--json", is_flag=True, expose_value=False, help="Print JSON, as it always does.")
def openapi() -> None:
    """Print the HTTP API's contract: an OpenAPI document."""
    from apps.cli.documents import openapi_json  # noqa: PLC0415 - see the module's docstring

    click.echo(openapi_json())


@tradex.command(epilog="\b\nExample:\n  tradex asyncapi > asyncapi.json")
@click.option("--json", is_flag=True, expose_value=False, help="Print JSON, as it always does.")
def asyncapi() -> None:
    """Print the topics' contract: an AsyncAPI document."""
    from apps.cli.documents import asyncapi_json  # noqa: PLC0415 - see the module's docstring

    click.echo(asyncapi_json())


@tradex.group(epilog="\b\nExample:\n  tradex users create-admin --email ada@example.com")
def users() -> None:
    """Look after the platform's users."""


@users.command(
    "create-admin",
    epilog="\b\nExamples:\n  tradex users create-admin --email ada@example.com\n"
    "  tradex users create-admin --email ada@example.com --password-stdin < password.txt",
)
@click.option("--email", required=True, metavar="ADDRESS", help="The admin's e-mail address.")
@click.option("--name", default="Administrator", show_default=True, help="The admin's name.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--port", type=_port, help="The port that it runs on, instead of TRADEX_HTTP_PORT.")
@_json
def create_admin(
    email: str,
    name: str,
    password_stdin: bool,  # noqa: FBT001
    port: int | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Make an admin's account where `tradex up` or `tradex run auth` runs.

    The password is asked for, or read from standard input.
    """
    from apps.cli.admins import make_admin  # noqa: PLC0415 - see the module's docstring

    make_admin(email=email, name=name, password_stdin=password_stdin, port=port, as_json=as_json)


for operation in OPERATIONS:
    tradex.add_command(operation)


def main() -> None:
    """Run the command line and exit with its status."""
    tradex(prog_name="tradex")
