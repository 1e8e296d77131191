"""What operators see of a real platform at work: its traces, its metrics, its alerts."""

from tests.builders.traces import ORDER_TREE, tree_of
from tests.services.deployment import APPS
from tests.services.observability.dashboards import queries
from tests.services.observability.observed import FIRE, Seen


def test_jaeger_shows_an_order_as_one_tree(seen: Seen) -> None:
    assert ORDER_TREE == tree_of(seen.trace)


def test_each_span_is_told_by_the_app_that_it_happened_in(seen: Seen) -> None:
    assert set(APPS) - {"auth"} == {span.service for span in seen.trace}
    handled = [span for span in seen.trace if span.title.endswith(")")]
    assert all(span.title.endswith(f"({span.service})") for span in handled)


def test_no_query_of_a_dashboard_shows_nothing(seen: Seen) -> None:
    assert [] == [query for query, series in seen.values.items() if not series]
    assert set(queries()) == set(seen.values)


def test_a_point_of_a_graph_leads_to_the_trace_of_a_request(seen: Seen) -> None:
    [request] = seen.requests
    assert "gateway" == request.service


def test_alerts_fire_when_things_break_and_not_before(seen: Seen) -> None:
    assert set() == FIRE & {alert.name for alert in seen.before}
    assert FIRE <= {alert.name for alert in seen.fired}
