"""How fast the gateway takes orders, against a bare handler of the same framework and server."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import msgspec
from tests.bench.load import Load, Report, request
from tests.bench.parts import Parts
from tests.bench.processes import first_line, measured, running
from tests.bench.rounds import Ratio, in_turns
from tests.bench.serving import Serving
from tests.bench.shop import body_of
from tests.bench.table import Goal, Row

_BODIES: Final = 200
CONNECTIONS: Final = 32


def measure(*, rounds: int, seconds: float) -> list[Row]:
    """Load each in turn: the bare handler, the gateway alone, and the whole platform."""
    kinds = ("bare", "gateway", "platform")
    turns = in_turns(rounds, *(partial(under_load, seconds, kind) for kind in kinds))
    bare, alone, platform = zip(*turns, strict=True)
    parts = measured(Parts, "tests.bench.parts")
    pace = Row(
        name="gateway-pace",
        label="gateway, requests a second",
        what=f"gateway, POST /v1/orders, 2 lines, {CONNECTIONS} connections: requests a second",
        against="a bare Litestar handler that decodes the same body and answers 202",
        goal=Goal(0.8, at_least=True),
        got=compared(alone, bare, "per_second"),
        notes=(parts.note(), _beside_the_services(platform, bare)),
    )
    tail = Row(
        name="gateway-p99",
        label="gateway, p99",
        what="the same: what 99 of 100 answers take at most",
        against="the same handler",
        goal=Goal(2.0),
        got=compared(alone, bare, "p99_ms"),
    )
    return [pace, tail]


def under_load(seconds: float, kind: str, *given: str) -> Report:
    """Start a server anew, so that no round finds what another left behind, and load it."""
    with running("-m", "tests.bench.serving", kind, *given) as process:
        serving = msgspec.json.decode(first_line(process), type=Serving)
        report = measured(
            Report, "tests.bench.load", given=msgspec.json.encode(_load(serving, seconds))
        )
    if report.wrong:
        msg = f"{kind} gave {report.wrong} answers that were no 202"
        raise RuntimeError(msg)
    return report


def _load(serving: Serving, seconds: float) -> Load:
    requests = tuple(
        request(
            "POST",
            "/v1/orders",
            host=f"{serving.host}:{serving.port}",
            headers=["content-type: application/json", f"authorization: Bearer {serving.token}"],
            body=body_of(number, serving.product_ids),
        )
        for number in range(_BODIES)
    )
    return Load(
        host=serving.host,
        port=serving.port,
        requests=requests,
        status=202,
        connections=CONNECTIONS,
        seconds=seconds,
    )


def compared(ours: Sequence[Report], theirs: Sequence[Report], figure: str) -> Ratio:
    """Return how a figure of ours compares to theirs, round by round."""
    return Ratio.of(
        (getattr(mine, figure), getattr(other, figure))
        for mine, other in zip(ours, theirs, strict=True)
    )


def _beside_the_services(platform: Sequence[Report], bare: Sequence[Report]) -> str:
    pace = compared(platform, bare, "per_second").median
    tail = compared(platform, bare, "p99_ms").median
    return (
        "as `tradex up` runs it, with the services that confirm each order in the same process and "
        f"on the same core: {pace:.2f}x the bare handler's requests a second, {tail:.1f}x its p99"
    )
