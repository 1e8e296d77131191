"""The judge: what must be true of every run once it is at rest."""

from collections.abc import Callable, Iterator
from typing import Final

from tests.simulation import checks_books as books
from tests.simulation import checks_histories as histories
from tests.simulation import checks_log as log
from tests.simulation import checks_outcomes as outcomes
from tests.simulation import checks_views as views
from tests.simulation.evidence import Evidence

Check = Callable[[Evidence], Iterator[str]]

CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("1 one outcome", outcomes.one_outcome),
    ("1 an outcome stays", outcomes.outcomes_never_change),
    ("2 one order", outcomes.one_order),
    ("3 the ledger", books.stock_adds_up),
    ("3 adjustments", books.adjustments_count_once),
    ("4 held stock", books.orders_hold_their_stock),
    ("5 an order's life", log.orders_tell_their_life),
    ("5 a product's versions", log.products_tell_their_versions),
    ("5 users", log.users_register_once),
    ("5 repeats", log.repeats_are_equal),
    ("5 once in effect", log.nothing_is_handled_twice),
    ("5 in order per key", log.effects_keep_their_order),
    ("6 secrets", log.secrets_stay_secret),
    ("idempotency keys", histories.keys_are_kept),
    ("answers", histories.answers_came_true),
    ("nothing unasked", histories.nothing_unasked),
    ("order of asking", histories.orders_of_asking_are_kept),
    ("views", views.views_show_what_is),
)


def judge(evidence: Evidence) -> list[str]:
    """Return everything that is not as it must be, each with the promise that it breaks."""
    found = [f"{name}: {fault}" for name, check in CHECKS for fault in check(evidence)]
    found += [f"a surprise: {each}" for each in evidence.world.surprises]
    outlived = (each for process in evidence.world.dead for each in process.survivors())
    return found + [f"a task outlived its process: {each}" for each in outlived]
