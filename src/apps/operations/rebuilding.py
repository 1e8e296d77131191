"""Rebuilding the gateway's views: what comes of it, and how far it is."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from tradex_core.events.fields import Wire
from tradex_core.messaging.broker import Broker, Record
from tradex_core.messaging.dispatch import Dispatcher
from tradex_core.messaging.unit_of_work import W

Told = Callable[[int], None]
"""Is told how many more records were handled."""


class TableComparison(Protocol):
    """A table of views as it was and as the log makes it: its rows, and how many differ."""

    @property
    def table(self) -> str:
        """Its name."""
        ...

    @property
    def live(self) -> int:
        """How many rows it had."""
        ...

    @property
    def rebuilt(self) -> int:
        """How many the log makes."""
        ...

    @property
    def different(self) -> int:
        """How many are in one of the two only, or not the same in both."""
        ...

    @property
    def examples(self) -> Sequence[str]:
        """The keys of some of them."""
        ...


class Rebuilt(Protocol):
    """What came of a rebuild."""

    @property
    def records(self) -> int:
        """How many records were replayed."""
        ...

    @property
    def compared(self) -> Sequence[TableComparison]:
        """Every table."""
        ...

    @property
    def swapped(self) -> bool:
        """Whether the new views are what is read now."""
        ...


class Rebuild(Protocol):
    """One rebuild, to be run once."""

    async def run(self, *, swap_different: bool) -> Rebuilt:
        """Make the views anew, and put them in the old ones' place.

        Where they differ only if `swap_different`. Raises Outage; may be run again.
        """
        ...


class ComparedTable(Wire, frozen=True, kw_only=True):
    """A table as a report has it."""

    table: str
    live: int
    rebuilt: int
    different: int
    examples: tuple[str, ...]


class RebuildReport(Wire, frozen=True, kw_only=True):
    """What came of a rebuild, for whoever asked for it."""

    records: int
    swapped: bool
    tables: tuple[ComparedTable, ...]

    @property
    def different(self) -> int:
        """How many rows were not what the log says."""
        return sum(each.different for each in self.tables)


def reported(rebuilt: Rebuilt) -> RebuildReport:
    """Return the report of a rebuild."""
    tables = tuple(
        ComparedTable(
            table=each.table,
            live=each.live,
            rebuilt=each.rebuilt,
            different=each.different,
            examples=tuple(each.examples),
        )
        for each in rebuilt.compared
    )
    return RebuildReport(records=rebuilt.records, swapped=rebuilt.swapped, tables=tables)


async def records_in(broker: Broker, topics: Iterable[str]) -> int:
    """Return how many records topics hold, which a replay will take; raises Outage."""
    bounds = await asyncio.gather(*(broker.offsets(topic) for topic in topics))
    return sum(end - first for partitions in bounds for first, end in partitions.values())


class TellingDispatcher(Dispatcher[W]):
    """A dispatcher that tells how many records it was handed and is done with."""

    def __init__(self, *args: Any, told: Told, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **options)
        self._told = told

    async def handle(self, records: Sequence[Record]) -> None:
        """Handle records, and tell."""
        await super().handle(records)
        self._told(len(records))
