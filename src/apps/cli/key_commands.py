"""The commands that look after rings of keys: what each is asked for."""

from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from apps.runtime.setting_values import duration

RINGS: Final = ("actor", "gateway", "jwt", "sealing")

_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_ring = click.argument("ring", type=click.Choice(RINGS))
_file = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_public = click.option(
    "--public",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the public halves go, for the gateway; the ring sealing needs it.",
)


class _Wait(click.ParamType[timedelta]):
    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read a time that may be none at all."""
        if isinstance(value, timedelta):
            return value
        try:
            return timedelta() if value in ("0", "0s") else duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


_READ_BY: Final = """\b
Rings, and the setting that names the file of each:
  actor    TRADEX_ACTOR_SIGNING_KEY_FILE, of every app
  gateway  TRADEX_GATEWAY_KEY_FILE, of the gateway
  jwt      TRADEX_JWT_SIGNING_KEY_FILE, of the gateway
  sealing  TRADEX_SEALING_KEYS_FILE, of auth; the public halves are
           TRADEX_SEALING_PUBLIC_KEY_FILE, of the gateway

\b
Example:
  tradex keys rotate jwt secrets/jwt/ring
"""


@click.group(epilog=_READ_BY)
def keys() -> None:
    """Look after the rings of keys that apps read from files.

    Apps read a file again within seconds of its replacement. No command shows a key.
    """


@keys.command(
    "new",
    epilog="\b\nExamples:\n  tradex keys new jwt secrets/jwt/ring\n"
    "  tradex keys new sealing secrets/sealing/ring --public secrets/sealing-public/ring",
)
@_ring
@_file
@_public
@_json
def new(ring: str, file: Path, public: Path | None, as_json: bool) -> None:  # noqa: FBT001
    """Make a ring of one new key, in a file that is not there yet."""
    from apps.cli import keys as run  # noqa: PLC0415 - see `apps.cli.main`

    run.new(ring, file, public=public, as_json=as_json)


@keys.command("list", epilog="\b\nExample:\n  tradex keys list jwt secrets/jwt/ring --json")
@_ring
@_file
@_json
def list_(ring: str, file: Path, as_json: bool) -> None:  # noqa: FBT001
    """List the keys of a ring: next, current, retiring or gone, since when and until when."""
    from apps.cli import keys as run  # noqa: PLC0415 - see `apps.cli.main`

    run.list_keys(ring, file, as_json=as_json)


@keys.command(
    epilog="\b\nExamples:\n  tradex keys rotate jwt secrets/jwt/ring\n"
    "  tradex keys rotate sealing secrets/sealing/ring --public secrets/sealing-public/ring",
)
@_ring
@_file
@click.option(
    "--after",
    type=_Wait(),
    default="15m",
    show_default=True,
    metavar="TIME",
    help="When the new key takes over: leave every app the time to read it first.",
)
@_public
@_json
def rotate(
    ring: str,
    file: Path,
    after: timedelta,
    public: Path | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Add a new key that takes over after a while, unless one takes over sooner.

    The old one stays as long as what it made is good, and is gone by itself: `destroy` then takes
    it out of the file.
    """
    from apps.cli import keys as run  # noqa: PLC0415 - see `apps.cli.main`

    run.rotate(ring, file, after=after, public=public, as_json=as_json)


@keys.command(
    epilog="\b\nExamples:\n  tradex keys destroy jwt secrets/jwt/ring\n"
    "  tradex keys destroy jwt secrets/jwt/ring 5e0c1d7f3a9b8264",
)
@_ring
@_file
@click.argument("key_ids", metavar="[KID]...", nargs=-1)
@_public
@_json
def destroy(
    ring: str,
    file: Path,
    key_ids: tuple[str, ...],
    public: Path | None,
    as_json: bool,  # noqa: FBT001
) -> None:
    """Take out the keys that are gone, or those named, whose work is then good for nothing.

    What was sealed to a key can be opened by nobody from then on, unless a copy of the file is kept
    somewhere.
    """
    from apps.cli import keys as run  # noqa: PLC0415 - see `apps.cli.main`

    run.destroy(ring, file, key_ids, public=public, as_json=as_json)
