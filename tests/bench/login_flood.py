"""Whether the catalogue is as quick as ever while somebody floods the gateway with logins."""

from typing import Final

import msgspec
from tests.bench.flood import Flooded
from tests.bench.load import Load, Report, request
from tests.bench.processes import first_line, measured, running
from tests.bench.rounds import Ratio, in_turns
from tests.bench.serving import Serving
from tests.bench.table import Goal, Row

_LOGINS_A_SECOND: Final = 100
_READERS: Final = 8
_LONGER: Final = 3.0
"""Seconds that the flood lasts before the reads begin and behind their end."""


def measure(*, rounds: int, seconds: float) -> list[Row]:
    """Read the catalogue of a platform that is left in peace, and of one that is flooded."""
    flooded, calm = zip(
        *in_turns(rounds, lambda: _flooded(seconds), lambda: (_calm(seconds), None)), strict=True
    )
    pairs = [
        (mine.p99_ms, other.p99_ms) for (mine, _), (other, _) in zip(flooded, calm, strict=True)
    ]
    return [
        Row(
            name="login-flood",
            label="reads in a flood of logins, p99",
            what=f"GET /v1/products and a product, {_READERS} connections, while "
            f"{_LOGINS_A_SECOND} logins a second come: what 99 of 100 answers take at most",
            against="the same without a login",
            goal=Goal(2.0),
            got=Ratio.of(pairs),
            notes=(_note(flooded[-1][1]),),
        )
    ]


def _calm(seconds: float) -> Report:
    with running("-m", "tests.bench.serving", "platform") as process:
        return _read(msgspec.json.decode(first_line(process), type=Serving), seconds)


def _flooded(seconds: float) -> tuple[Report, Flooded]:
    with running("-m", "tests.bench.serving", "platform") as process:
        serving = msgspec.json.decode(first_line(process), type=Serving)
        pace = (str(_LOGINS_A_SECOND), str(seconds + _LONGER))
        with running("-m", "tests.bench.flood", serving.host, str(serving.port), *pace) as attacker:
            first_line(attacker)
            report = _read(serving, seconds)
            return report, msgspec.json.decode(first_line(attacker), type=Flooded)


def _read(serving: Serving, seconds: float) -> Report:
    paths = ("/v1/products?limit=20", *(f"/v1/products/{each}" for each in serving.product_ids[:9]))
    host = f"{serving.host}:{serving.port}"
    load = Load(
        host=serving.host,
        port=serving.port,
        requests=tuple(request("GET", path, host=host) for path in paths),
        status=200,
        connections=_READERS,
        seconds=seconds,
    )
    report = measured(Report, "tests.bench.load", given=msgspec.json.encode(load))
    if report.wrong:
        msg = f"{report.wrong} reads were not answered 200"
        raise RuntimeError(msg)
    return report


def _note(flooded: Flooded) -> str:
    return (
        f"everything in one process: {flooded.checked} logins were checked, {flooded.turned_away} "
        f"turned away with a 503, and {flooded.unanswered} not answered within their five seconds"
    )
