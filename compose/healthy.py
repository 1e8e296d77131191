"""Asks the app in this container whether it lives; exits 0 where it says so."""

import os
import sys
from http import HTTPStatus
from urllib.request import urlopen

_PORTS = {"gateway": 3000, "auth": 3001, "catalog": 3002, "orders": 3003, "projector": 3004}

port = os.environ.get("TRADEX_HTTP_PORT") or _PORTS[os.environ["APP"]]
try:
    with urlopen(f"http://127.0.0.1:{port}/health/live", timeout=2) as answer:
        sys.exit(answer.status != HTTPStatus.OK)
except OSError as error:
    sys.exit(f"nothing lives on port {port}: {error}")
