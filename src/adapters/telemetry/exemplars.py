"""Exemplars: the trace in which something was observed, beside the bucket that it fell into."""

from tradex_core.messaging import tracing


def exemplar() -> dict[str, str] | None:
    """Return the current place as OpenMetrics has it; None where nobody keeps its trace."""
    place = tracing.current().trace
    if place is None or not place.sampled:
        return None
    return {"trace_id": place.trace_id, "span_id": place.span_id}
