"""Rings of keys in files, which `tradex keys` looks after as an operator does."""

import base64
import json
from pathlib import Path

from tests.apps.cli.shown import invoke

FILES = {
    "actor": "ACTOR_SIGNING_KEY",
    "gateway": "GATEWAY_KEY",
    "jwt": "JWT_SIGNING_KEY",
    "sealing": "SEALING_KEYS",
}
"""The rings, and the setting of each, after which its file is called."""

PUBLIC = "SEALING_PUBLIC_KEY"


def tradex_keys(command: str, ring: str, folder: Path, *arguments: str) -> list[dict[str, str]]:
    """Run a command on a ring's file; return what it tells of the ring's keys."""
    public = ("--public", str(folder / PUBLIC)) if ring == "sealing" else ()
    file = str(folder / FILES[ring])
    status, out, err = invoke("keys", command, ring, file, *arguments, *public, "--json")
    assert 0 == status, err
    keys: list[dict[str, str]] = json.loads(out)
    return keys


def signed_by(access_token: str) -> str:
    """Return the id of the key that signed an access token."""
    header = access_token.partition(".")[0]
    kid: str = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    return kid


def files_of(folder: Path) -> dict[str, str]:
    """Return the variables that name each ring's file."""
    return {f"TRADEX_{name}_FILE": str(folder / name) for name in (*FILES.values(), PUBLIC)}
