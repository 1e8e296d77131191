"""How the telemetry contract declares a metric, a span and a field of the log."""

from enum import StrEnum
from typing import Final

import msgspec

SERVICES: Final = ("auth", "catalog", "orders", "projector")
"""The apps that consume."""

APPS: Final = ("gateway", *SERVICES)
"""The apps; the platform in one process is all of them."""


class Kind(StrEnum):
    """What a metric can do: only grow, go up and down, or count by size."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Label(msgspec.Struct, frozen=True):
    """A label, and the bounded set that its values come from.

    `values` are all of them where the contract can list them; elsewhere `of` says what lists them.
    """

    name: str
    of: str
    values: tuple[str, ...] = ()


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric as it is scraped: a counter's name ends with `_total`, and a unit is in the name.

    `apps` have it; with `on_servers` only those whose database or broker is one. `buckets` are a
    histogram's upper bounds, in its unit. `exemplars`: with the trace's id where it is sampled.
    """

    name: str
    kind: Kind
    unit: str
    help: str
    labels: tuple[Label, ...] = ()
    apps: tuple[str, ...] = APPS
    buckets: tuple[float, ...] = ()
    exemplars: bool = False
    on_servers: bool = False

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of its labels, in the order in which their values are given."""
        return tuple(label.name for label in self.labels)


class Attribute(msgspec.Struct, frozen=True):
    """What a span or a line of the log may show, and what that is."""

    name: str
    help: str


class SpanKind(msgspec.Struct, frozen=True, kw_only=True):
    """A span: the template of its name, and the attributes that it may have."""

    name: str
    help: str
    attributes: tuple[Attribute, ...] = ()
