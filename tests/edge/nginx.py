"""A real nginx with the configuration of `compose/edge`, its addresses and folders replaced."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import ClassVar, Final

from tests.services.servers.process import Process, Unavailable, accepts, free_port
from tests.services.servers.server import Server

COMPOSE: Final = Path(__file__).parents[2] / "compose"
_MIME_TYPES: Final = Path("/etc/nginx/mime.types")


class Nginx(Server):
    """Stands before a gateway; `url` is where it speaks TLS."""

    ends_at: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, *, gateway: str, secrets: Path) -> None:
        self.port, self.plain_port = free_port(), free_port()
        self.pages, self.storefront = folder / "pages", folder / "storefront"
        self._folder = folder
        self._replaced = {
            "http://gateway:3000": gateway,
            "listen 8080;": f"listen 127.0.0.1:{self.plain_port};",
            "listen 8443 ": f"listen 127.0.0.1:{self.port} ",
            "/run/secrets/": f"{secrets}/",
            "/srv/": f"{folder}/",
            "/tmp/": f"{folder}/",  # noqa: S108 - what stands in the file
            "/etc/nginx/mime.types": str(_mime_types(folder)),
            "/dev/stdout": str(folder / "access"),
        }
        as_we_are = ["-g", "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"]
        files = ["-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", "stderr"]
        self.process = Process("nginx", [_program(), *files, *as_we_are], folder / "log")

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}"

    async def prepare(self) -> None:
        shutil.copytree(COMPOSE / "edge/pages", self.pages)
        shutil.copytree(COMPOSE / "edge/storefront", self.storefront)
        configuration = (COMPOSE / "edge/nginx.conf").read_text()
        written = re.compile("|".join(map(re.escape, self._replaced)))
        assert set(self._replaced) == set(written.findall(configuration))
        here = written.sub(lambda found: self._replaced[found[0]], configuration)
        (self._folder / "nginx.conf").write_text(here)

    async def answers(self) -> bool:
        return await accepts(self.port)


def make_secrets(folder: Path) -> Path:
    """Make the secrets of compose in a folder of a test's own, its certificate among them."""
    shutil.copy(COMPOSE / "make_secrets.py", folder)
    subprocess.run([sys.executable, folder / "make_secrets.py"], check=True, capture_output=True)
    return folder / "secrets"


def _program() -> str:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if found is None:
        msg = "nginx: it is not on PATH; install Debian's package of that name"
        raise Unavailable(msg)
    return found


def _mime_types(folder: Path) -> Path:
    return _MIME_TYPES if _MIME_TYPES.exists() else folder / "mime.types"
