"""Exemplars: the trace in which something was observed, beside the bucket that it fell into."""

from tradex_core.messaging.tracing import Trace


def exemplar(place: Trace | None) -> dict[str, str] | None:
    """Return a place as OpenMetrics has it; None where nobody keeps its trace."""
    if place is None or not place.sampled:
        return None
    return {"trace_id": place.trace_id, "span_id": place.span_id}
