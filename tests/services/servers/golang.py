"""Programs in Go, built from their modules once and kept between runs.

They are here to be built soon, not to be fast: what the compiler leaves out saves a third of it.
"""

import shutil
from functools import partial
from pathlib import Path
from typing import Final

from tests.services.servers.process import Unavailable, run
from tests.services.servers.server import cached, fetch_once

_SOON: Final = ("-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w")


async def built(program: str, package: str, version: str) -> Path:
    """Return a program, built in minutes where it is not there yet; raises Unavailable."""
    name = f"{program}-{version}"
    await fetch_once(name, partial(_build, program, package, version))
    return cached(name) / program


async def _build(program: str, package: str, version: str, folder: Path) -> None:
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        msg = f"{program}: no `go` to build it with; install Go 1.24 or newer"
        raise Unavailable(msg)
    in_module = partial(run, go, "-C", folder, what=f"{program}: Go could not build it")
    await in_module("mod", "init", program)
    await in_module("get", f"{package}@{version}")
    await in_module("build", *_SOON, "-o", program, package)
