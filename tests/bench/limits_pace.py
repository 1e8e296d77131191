"""What counting commands costs the gateway."""

from functools import partial

from tests.bench.gateway_pace import CONNECTIONS, compared, under_load
from tests.bench.rounds import in_turns
from tests.bench.table import Goal, Row


def measure(*, rounds: int, seconds: float) -> list[Row]:
    """Load the gateway with every limit off, and with one that no load reaches."""
    kinds = ("gateway", "gateway-limited")
    turns = in_turns(rounds, *(partial(under_load, seconds, kind) for kind in kinds))
    without, limited = zip(*turns, strict=True)
    return [
        Row(
            name="rate-limits",
            label="gateway, commands counted",
            what=f"gateway that counts each account's commands, POST /v1/orders, {CONNECTIONS} "
            "connections: requests a second",
            against="the same gateway with rate limiting off",
            goal=Goal(0.95, at_least=True),
            got=compared(limited, without, "per_second"),
        )
    ]
