"""The benchmarks: `python -m tests.bench`, or `nox -s bench`."""

import argparse
import importlib
from collections.abc import Callable, Sequence
from typing import Final

import click
import msgspec
from tests.bench import gateway_pace, limits_pace, login_flood, memory, order_life, pages, start
from tests.bench.report import write_docs
from tests.bench.skipping import Skipped
from tests.bench.table import Row, as_data, as_text

Measurement = Callable[[bool], Sequence[Row]]


def _on_servers(module: str, **given: float) -> Sequence[Row]:
    """Measure on real servers; raises Skipped where their drivers are not installed."""
    try:
        measure = importlib.import_module(f"tests.bench.{module}").measure
    except ModuleNotFoundError as error:
        msg = f"{error.name} is not installed: `nox -s bench` has it"
        raise Skipped(msg) from error
    rows: Sequence[Row] = measure(**given)
    return rows


_MEASUREMENTS: Final[dict[str, Measurement]] = {
    "gateway": lambda quick: gateway_pace.measure(
        rounds=1 if quick else 7, seconds=0.5 if quick else 2.0
    ),
    "rate-limits": lambda quick: limits_pace.measure(
        rounds=1 if quick else 7, seconds=0.5 if quick else 2.0
    ),
    "login-flood": lambda quick: login_flood.measure(
        rounds=1 if quick else 5, seconds=1.0 if quick else 4.0
    ),
    "order-life": lambda quick: order_life.measure(
        rounds=1 if quick else 7, orders=500 if quick else 5_000
    ),
    "pages": lambda quick: pages.measure(rows=2_000 if quick else 100_000),
    "start": lambda quick: start.measure(rounds=1 if quick else 7),
    "orders": lambda quick: _on_servers(
        "backlog",
        rounds=1 if quick else 3,
        orders=2_000 if quick else 20_000,
        outage=4_000 if quick else 100_000,
    ),
    "orders-secured": lambda quick: _on_servers(
        "secured", rounds=1 if quick else 5, orders=2_000 if quick else 20_000
    ),
    "order-created": lambda quick: _on_servers(
        "order_created", rounds=1 if quick else 3, seconds=2 if quick else 20
    ),
    "gateway-ack": lambda quick: _on_servers("gateway_ack", rounds=1 if quick else 5, seconds=2.0),
    "confirmed": lambda quick: _on_servers(
        "confirmed", rounds=1 if quick else 3, seconds=2 if quick else 20
    ),
    "watched": lambda quick: _on_servers(
        "watched",
        rounds=1 if quick else 15,
        seconds=0.5 if quick else 2.0,
        orders=2_000 if quick else 20_000,
    ),
    "memory": lambda quick: memory.measure(orders=2_000 if quick else 100_000),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for, and print it; a goal that is missed is said, and is no failure."""
    parser = _parser()
    wanted = parser.parse_args(arguments)
    if wanted.write_docs and wanted.quick:
        parser.error("--write-docs needs what it writes measured at full length")
    rows: list[Row] = []
    for name, measure in _MEASUREMENTS.items():
        if name in (wanted.only or _MEASUREMENTS):
            click.echo(f"measuring: {name}", err=True)
            try:
                rows += measure(wanted.quick)
            except Skipped as skipped:
                click.echo(f"skipped: {name}: {skipped}", err=True)
    if wanted.write_docs:
        write_docs(rows)
    shown = msgspec.json.encode(as_data(rows)).decode() if wanted.json else as_text(rows)
    click.echo(shown)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description="Measure how fast the platform is, each figure against something in one run.",
        epilog="example: python -m tests.bench --only pages --only start",
    )
    parser.add_argument("--only", action="append", choices=_MEASUREMENTS, help="measure this")
    parser.add_argument(
        "--quick", action="store_true", help="a few seconds in all, to see that it works"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--write-docs", action="store_true", help="write what is measured into docs/benchmarks.md"
    )
    return parser


if __name__ == "__main__":
    main()
