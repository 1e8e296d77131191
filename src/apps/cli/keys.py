"""`tradex keys`: rings of keys in files, none of which is ever shown."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import click
from rich.console import Console

from apps.cli.container import RING_KINDS, now
from apps.cli.failures import Failure, WrongUse
from apps.cli.rendering import console, printable, table
from apps.operations import key_rotation as rotation
from apps.operations.key_rotation import KeyReport, RingKind
from apps.operations.secret_files import write_secret
from apps.runtime.setting_sources import read_secret_file
from tradex_core.errors import TradexError
from tradex_core.events import codec
from tradex_core.key_rings import KeyRing, KeyState

_STYLES = {KeyState.CURRENT: "green", KeyState.NEXT: "yellow", KeyState.GONE: "bold red"}


def new(name: str, file: Path, *, public: Path | None, as_json: bool) -> None:
    """Write a ring of one new key and print it; raises WrongUse, Failure."""
    kind = _kind(name, public)
    if file.exists():
        msg = f"{file} is there already: `tradex keys rotate {name} {file}` adds a key to it"
        raise Failure(msg)
    _write(kind, KeyRing.of(rotation.new_key()), file, public)
    list_keys(name, file, as_json=as_json)


def list_keys(name: str, file: Path, *, as_json: bool) -> None:
    """Print what may be told of a file's keys; raises Failure where it is no ring."""
    kind = RING_KINDS[name]
    found = rotation.reports(kind, _read(kind, name, file), now())
    if as_json:
        click.echo(codec.encode(found))
    else:
        show(found, console())


def rotate(name: str, file: Path, *, after: timedelta, public: Path | None, as_json: bool) -> None:
    """Add a key to a file's ring and print it; raises WrongUse, Failure."""
    kind = _kind(name, public)
    ring = rotation.rotated(_read(kind, name, file), now(), after=after)
    _write(kind, ring, file, public)
    list_keys(name, file, as_json=as_json)


def destroy(
    name: str, file: Path, key_ids: Sequence[str], *, public: Path | None, as_json: bool
) -> None:
    """Take keys out of a file's ring and print what is left; raises WrongUse, Failure."""
    kind = _kind(name, public)
    try:
        ring = rotation.destroyed(kind, _read(kind, name, file), now(), key_ids)
    except TradexError as error:
        raise Failure(str(error)) from error
    _write(kind, ring, file, public)
    list_keys(name, file, as_json=as_json)


def show(found: Sequence[KeyReport], out: Console) -> None:
    """Print keys for people."""
    keys = table("key", "state", "since", "until", whole=("key", "state", "since", "until"))
    for each in found:
        state = printable(each.state, _STYLES.get(each.state, ""))
        keys.add_row(each.kid, state, _shown(each.since, "always"), _shown(each.until, ""))
    out.print(keys)


def _shown(time: datetime | None, otherwise: str) -> str:
    return otherwise if time is None else f"{time:%Y-%m-%dT%H:%M:%SZ}"


def _kind(name: str, public: Path | None) -> RingKind:
    kind = RING_KINDS[name]
    if kind.public is not None and public is None:
        msg = f"the ring {name} has public halves: name their file with --public FILE"
        raise WrongUse(msg)
    if kind.public is None and public is not None:
        msg = f"the ring {name} has no public halves: leave --public out"
        raise WrongUse(msg)
    return kind


def _read(kind: RingKind, name: str, file: Path) -> KeyRing:
    try:
        return kind.read(read_secret_file(str(file)))
    except ValueError as error:
        msg = f"{file} is no ring of {name} keys: {error}"
        if not file.exists():
            msg = f"{file} is not there: `tradex keys new {name} {file}` makes it"
        raise Failure(msg) from error


def _write(kind: RingKind, ring: KeyRing, file: Path, public: Path | None) -> None:
    """Write a ring, the private keys first: who opens has to know a key before who seals."""
    written = [(file, kind.write(ring))]
    if kind.public is not None and public is not None:
        written.append((public, kind.public(ring)))
    for path, text in written:
        try:
            write_secret(path, text)
        except OSError as error:
            msg = (
                f"{path} cannot be written ({error.strerror}): run this as its owner, in a folder "
                "that its owner may write to"
            )
            raise Failure(msg) from error
