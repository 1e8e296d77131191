"""Keys are rotated under replicas that read the files when each happens to."""

import time
from pathlib import Path

import httpx
from tests.journeys.people import PASSWORD, WAIT, an_account
from tests.journeys.rings import FILES, PUBLIC, files_of, signed_by, tradex_keys
from tests.services.apps.test_run import Start, start

__all__ = ["start"]

EMAIL = "ana@example.com"


def in_files(environment: dict[str, str], folder: Path) -> None:
    """Put the keys that apps are told into files, as they are."""
    for name in (*FILES.values(), PUBLIC):
        (folder / name).write_text(environment.pop(f"TRADEX_{name}"), encoding="utf-8")
    environment |= files_of(folder)


def logs_in(gateway: str) -> str:
    """Log in at a gateway; return the access token."""
    credentials = {"email": EMAIL, "password": PASSWORD}
    session = httpx.post(f"{gateway}/v1/auth/login", json=credentials, timeout=30)
    assert 200 == session.status_code, session.text
    token: str = session.json()["accessToken"]
    return token


def test_what_one_gateway_signs_or_seals_is_good_at_every_replica_all_the_while(
    environment: dict[str, str], start: Start, tmp_path: Path
) -> None:
    in_files(environment, tmp_path)
    running = [start(app) for app in ("auth", "auth", "gateway", "gateway")]
    *_, one, other = [each.ready() for each in running]
    made = httpx.post(f"{one}/v1/auth/register", json=an_account(EMAIL), headers=WAIT, timeout=30)
    assert 201 == made.status_code, made.text
    rotated = {ring: tradex_keys("rotate", ring, tmp_path, "--after", "4s") for ring in FILES}
    old, new = (key["kid"] for key in rotated["jwt"])
    signing, ends = set[str](), time.monotonic() + 40
    while signing != {new}:
        assert time.monotonic() < ends
        tokens = [logs_in(gateway) for gateway in (one, other)]
        signing = {signed_by(token) for token in tokens}
        assert signing <= {old, new}
        for gateway in (one, other):
            for token in tokens:
                bearer = {"Authorization": f"Bearer {token}"}
                assert 200 == httpx.get(f"{gateway}/v1/orders", headers=bearer).status_code
