import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import IO

import httpx
import pytest

TRADEX = [sys.executable, "-c", "from apps.cli.main import main; main()"]


class Running:
    """`tradex up` in a process of its own; it logs to a file, since a full pipe would stop it."""

    def __init__(self, environ: dict[str, str], *arguments: str) -> None:
        self.environ = environ
        self._log = TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - until `logged`
        self.process = subprocess.Popen(
            [*TRADEX, "up", *arguments],
            env=environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def ready(self) -> str:
        """Wait until it says that it answers, and return where."""
        for line in self.out:
            if match := re.fullmatch(r"ready (http://127\.0\.0\.1:\d+)\n", line):
                return match[1]
        pytest.fail(f"it ended with {self.process.wait()}")

    def stop(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def logged(self) -> str:
        """Return what it logged, once it has ended."""
        self.process.communicate()
        with self._log:
            self._log.seek(0)
            return self._log.read()


def tradex(environ: dict[str, str], *arguments: str, typed: str = "") -> tuple[int, str, str]:
    ran = subprocess.run(
        [*TRADEX, *arguments],
        env=environ,
        input=typed,
        text=True,
        capture_output=True,
        check=False,
        timeout=30,
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    with TemporaryDirectory(prefix="tradex-") as folder:
        yield {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": "src",
            "XDG_RUNTIME_DIR": folder,
            "TRADEX_ARGON2": "owasp-minimum",
        }


@pytest.fixture
def running(environ: dict[str, str]) -> Iterator[Running]:
    running = Running(environ, "--port", "0")
    yield running
    running.process.kill()
    running.logged()


def test_it_says_that_it_is_ready_once_it_answers(running: Running) -> None:
    url = running.ready()

    assert httpx.codes.OK == httpx.get(f"{url}/health/ready").status_code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_within_five_seconds_as_a_success(
    running: Running, number: signal.Signals
) -> None:
    running.ready()
    began = time.monotonic()

    status = running.stop(number)

    assert 0 == status
    assert time.monotonic() - began < 5


def test_it_leaves_no_socket_behind(running: Running) -> None:
    running.ready()
    folder = Path(running.environ["XDG_RUNTIME_DIR"])
    there_meanwhile = len(list(folder.iterdir()))

    running.stop(signal.SIGTERM)

    assert (1, 0) == (there_meanwhile, len(list(folder.iterdir())))


def test_a_port_that_is_taken_is_exit_status_1_and_names_the_remedy(
    environ: dict[str, str],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        status, out, err = tradex(environ, "up", "--port", port)

    assert (1, "") == (status, out)
    assert "choose another --port" in err
    assert "Traceback" not in err


def sign_in(url: str, email: str, password: str) -> httpx.Response:
    """Sign in, however long the password's hash takes on a busy machine."""
    return httpx.post(
        f"{url}/v1/auth/login",
        json={"email": email, "password": password},
        headers={"Prefer": "wait=30"},
        timeout=40,
    )


def test_an_admin_made_on_the_command_line_can_sign_in(running: Running) -> None:
    url = running.ready()
    port = url.rpartition(":")[2]
    command = ["users", "create-admin", "--email", "ada@example.com", "--port", port, "--json"]

    status, out, err = tradex(
        running.environ, *command, "--password-stdin", typed="correct horse battery\n"
    )

    assert (0, "") == (status, err)
    assert "admin" == json.loads(out)["role"]
    assert httpx.codes.OK == sign_in(url, "ada@example.com", "correct horse battery").status_code


def test_a_password_that_is_too_weak_is_exit_status_1(running: Running) -> None:
    port = running.ready().rpartition(":")[2]
    command = ["users", "create-admin", "--email", "ada@example.com", "--port", port]

    status, out, err = tradex(running.environ, *command, "--password-stdin", typed="12345678\n")

    assert (1, "") == (status, out)
    assert "common" in err
    assert "12345678" not in err


def test_without_a_platform_no_admin_can_be_made(environ: dict[str, str]) -> None:
    command = ["users", "create-admin", "--email", "ada@example.com", "--password-stdin"]

    status, out, err = tradex(environ, *command, typed="correct horse battery\n")

    assert (1, "") == (status, out)
    assert "start one with `tradex up`" in err


def test_with_a_demo_it_prints_accounts_that_can_sign_in(environ: dict[str, str]) -> None:
    running = Running(environ, "--port", "0", "--demo", "--json")
    try:
        announced = json.loads(running.out.readline())
        url, accounts = announced["ready"], announced["accounts"]
        answers = [sign_in(url, account["email"], account["password"]) for account in accounts]
        products = httpx.get(f"{url}/v1/products", params={"limit": 100}).json()["items"]
    finally:
        running.stop(signal.SIGTERM)
        logged = running.logged()

    assert ["buyer", "seller", "admin"] == [account["role"] for account in accounts]
    assert [httpx.codes.OK] * 3 == [answer.status_code for answer in answers]
    assert 77 == len(products)
    assert not any(account["password"] in logged for account in accounts)


def test_the_openapi_document_is_printed(environ: dict[str, str]) -> None:
    status, out, err = tradex(environ, "openapi")

    assert (0, "") == (status, err)
    assert "/v1/orders" in json.loads(out)["paths"]
