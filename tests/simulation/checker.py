"""The judge: what must be true of every run once it is at rest."""

from collections.abc import Callable, Iterator
from typing import Final

from tests.simulation import checks_attacks as attacks
from tests.simulation import checks_books as books
from tests.simulation import checks_histories as histories
from tests.simulation import checks_log as log
from tests.simulation import checks_outcomes as outcomes
from tests.simulation import checks_restored as restored
from tests.simulation import checks_views as views
from tests.simulation.evidence import Evidence

Check = Callable[[Evidence], Iterator[str]]

_PROMISES: Final[tuple[tuple[str, Check], ...]] = (
    ("1 one outcome", outcomes.one_outcome),
    ("1 an outcome stays", outcomes.outcomes_never_change),
    ("live streams", outcomes.streams_miss_nothing),
    ("2 one order", outcomes.one_order),
    ("3 the ledger", books.stock_adds_up),
    ("3 adjustments", books.adjustments_count_once),
    ("4 held stock", books.orders_hold_their_stock),
    ("3 prices", books.nobody_sets_their_own_price),
    ("timeouts", books.nobody_is_timed_out_too_early),
    ("deadlines", outcomes.nothing_is_begun_too_late),
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
    ("attacks", attacks.attacks_come_to_nothing),
    ("views", views.views_show_what_is),
    ("views rebuilt", views.a_replay_shows_the_same),
    ("databases restored", restored.a_replay_comes_to_the_same),
)


def nobody_is_left_waiting(evidence: Evidence) -> Iterator[str]:
    """No gateway counts a request that is over as one that waits, or is on its way."""
    for process in evidence.world.running("gateway"):
        desk = process.gateway.commands
        waiting, sent = len(desk._outcomes), desk._submission.on_their_way  # noqa: SLF001
        if waiting or sent:
            yield f"{process.name} counts {waiting} that wait and {sent} that are on their way"


CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    *_PROMISES,
    ("nobody left waiting", nobody_is_left_waiting),
)


def judge(evidence: Evidence) -> list[str]:
    """Return everything that is not as it must be, each with the promise that it breaks."""
    found = [f"{name}: {fault}" for name, check in CHECKS for fault in check(evidence)]
    found += [f"a surprise: {each}" for each in evidence.world.surprises]
    outlived = (each for process in evidence.world.dead for each in process.survivors())
    return found + [f"a task outlived its process: {each}" for each in outlived]
