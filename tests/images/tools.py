"""What builds images and reads compose files where there is no engine, and how to get it."""

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NoReturn

import pytest
from tests.services.servers.golang import built
from tests.services.servers.process import Unavailable

ROOT: Final = Path(__file__).parents[2]
CACHE: Final = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tradex"
COMPOSE: Final = "github.com/docker/compose/v2/cmd"
COMPOSE_VERSION: Final = "v2.40.3"
ISOLATED: Final = ("--isolation", "chroot")
SUITE: Final = "bookworm"
PYTHON_OF_DEBIAN: Final = "python3,python3-venv,ca-certificates"
_STATUS: Final = "ended with "
_TELLING: Final = ("sh", "-c", f'exec 2>&1; "$@"; echo "{_STATUS}$?"', "sh")
"""Runs a command and prints its exit status behind what it prints."""
_TRIES: Final = 5


def missing(what: str) -> NoReturn:
    """Skip what cannot be had here, saying why; where everything must be had, fail."""
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


def run(*command: str | Path, cwd: Path = ROOT, **environment: str) -> str:
    """Run a program; return what it printed, and fail with that where it fails."""
    done = _ended(*command, cwd=cwd, timeout=900, **environment)
    if done.returncode:
        shown = " ".join(map(str, command))
        pytest.fail(f"{shown}\nended with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def _ended(
    *command: str | Path, cwd: Path = ROOT, timeout: float, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program that is given nothing to read; its errors are part of what it prints."""
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )


@cache
def compose_program() -> Path:
    """Return Compose itself, built from its source where it is not there yet."""
    try:
        return asyncio.run(built("compose", COMPOSE, COMPOSE_VERSION))
    except Unavailable as error:
        missing(str(error))


def compose_config(*files: str, project: Path = ROOT / "compose") -> dict[str, Any]:
    """Return these files merged, as Compose itself reads them."""
    named = [option for file in files for option in ("-f", str(project / file))]
    text = run(compose_program(), *named, "config", "--format", "json", cwd=project)
    config: dict[str, Any] = json.loads(text)
    return config


class Buildah:
    """Builds and runs images as folders, without an engine."""

    def __init__(self) -> None:
        layered = _driven_by("overlay")
        self.command = layered if _works(*layered, "info") else _driven_by("vfs")

    @classmethod
    def find(cls) -> "Buildah":
        """Return it; skips or fails where it is not installed."""
        if shutil.which("buildah") is None:
            missing("images: no `buildah` on PATH; install Debian's package of that name")
        return cls()

    def do(self, *arguments: str | Path) -> str:
        """Run one of its commands."""
        return run(*self.command, *arguments)

    def has(self, image: str) -> bool:
        """Return whether an image is there."""
        return bool(self._ids(image))

    def _ids(self, image: str) -> set[str]:
        return set(self.do("images", "--quiet", "--filter", f"reference={image}").split())

    def build(self, image: str, recipe: Path, context: Path, **arguments: str) -> None:
        """Build an image, with this machine's certificates where it names a bundle of its own.

        What it was before is gone then, and every step that is still the same is not done again.
        """
        bundle = os.environ.get("PIP_CERT")
        trusted = ["--volume", f"{bundle}:/tmp/bundle.crt:ro"] if bundle else []
        if bundle:
            arguments["PIP_CERT"] = "/tmp/bundle.crt"  # noqa: S108
        given = [
            part for name in arguments for part in ("--build-arg", f"{name}={arguments[name]}")
        ]
        how = (*ISOLATED, "--layers", "--network", "host", "--quiet", *trusted, *given)
        former = self._ids(image)
        self.do("build", *how, "--file", recipe, "--tag", image, context)
        for outdated in former - self._ids(image):
            self.do("rmi", outdated)

    def base(self) -> str:
        """Return an image of Debian with its Python, made where it is not there yet."""
        named = os.environ.get("TRADEX_IMAGE_BASE")
        if named:
            return named
        image = f"localhost/tradex-base:{SUITE}"
        if not self.has(image):
            self._make_base(image)
        return image

    def _make_base(self, image: str) -> None:
        if shutil.which("debootstrap") is None:
            missing("images: no `debootstrap` to make a base with; set TRADEX_IMAGE_BASE to one")
        folder = CACHE / "base"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        packages = f"--include={PYTHON_OF_DEBIAN}"
        run("debootstrap", "--variant=minbase", packages, SUITE, folder / "root", _mirror())
        shutil.rmtree(folder / "root/var/cache/apt")
        shutil.rmtree(folder / "root/var/lib/apt/lists")
        (folder / "Recipe").write_text("FROM scratch\nADD root /\n")
        self.build(image, folder / "Recipe", folder)
        shutil.rmtree(folder)


def _driven_by(driver: str) -> tuple[str, ...]:
    """Return buildah with a store of its own for what mounts its layers: `vfs` does everywhere."""
    store = CACHE / "images" / driver
    return (
        *("buildah", "--storage-driver", driver),
        *("--root", str(store / "root"), "--runroot", str(store / "run")),
    )


def _works(*command: str) -> bool:
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    return done.returncode == 0


def _mirror() -> str:
    """Return where this machine's own Debian packages come from."""
    sites = run("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE)", "Created-By: Packages")
    found = [line.split()[0] for line in sites.splitlines() if line.endswith(f" {SUITE}")]
    if not found:
        missing(f"images: this machine has no packages of Debian {SUITE} to make a base from")
    return found[0]


class Container:
    """A container of an image, as the user that the image names, its root not to be written."""

    def __init__(self, buildah: Buildah, image: str) -> None:
        self._buildah = buildah
        self.id = buildah.do("from", image).strip()

    def config(self) -> Mapping[str, Any]:
        """Return what the image says of itself."""
        described: dict[str, Any] = json.loads(self._buildah.do("inspect", self.id))
        config: Mapping[str, Any] = described["OCIv1"]["config"]
        return config

    def run(self, *command: str, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Run a command in it; return its exit status and what it printed.

        On a busy machine buildah loses the end of that: then it is run again.
        """
        named = [f"--env={name}={value}" for name, value in (environment or {}).items()]
        in_it = (*self._buildah.command, "run", *ISOLATED, *named, self.id, "--", *_TELLING)
        printed = ""
        for _ in range(_TRIES):
            printed = _ended(*in_it, *command, timeout=120).stdout
            told, is_whole, status = printed.rpartition(_STATUS)
            if is_whole:
                return int(status), told
        pytest.fail(f"{' '.join(command)} never came to its end:\n{printed}")

    def remove(self) -> None:
        """Remove it."""
        self._buildah.do("rm", self.id)
