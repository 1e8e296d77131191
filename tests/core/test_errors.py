from collections.abc import Iterator

import pytest

import tradex_core.errors as core
import tradex_core.operations.errors as operations
from tradex_core.errors import Hopeless, Passing, Refusal, TradexError, Unpublishable


def refusals(root: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for kind in root.__subclasses__():
        yield kind
        yield from refusals(kind)


OURS = [kind for kind in refusals() if kind.__module__ in (core.__name__, operations.__name__)]


@pytest.mark.parametrize("kind", OURS)
def test_every_refusal_has_a_kind_a_slug_and_a_title(kind: type[Refusal]) -> None:
    assert kind.kind in core.Kind
    assert kind.slug.replace("_", "").isalpha()
    assert kind.slug.islower()
    assert kind.title


def test_no_two_refusals_share_a_slug() -> None:
    slugs = [kind.slug for kind in OURS]
    assert sorted(set(slugs)) == sorted(slugs)


def test_a_refusal_says_what_to_do() -> None:
    refusal = core.InvalidInput("send less")
    assert "send less" == refusal.detail == str(refusal)


def test_what_passes_what_never_works_and_what_is_an_outcome_are_told_apart() -> None:
    kinds = (Passing, Hopeless, Refusal, Unpublishable)
    errors = (core.Outage, core.StoreConflict, core.OutcomeUnknown, core.Forged, core.Undecodable)
    for error in (*errors, core.InvalidInput, Unpublishable):
        assert 1 == sum(issubclass(error, kind) for kind in kinds)
        assert issubclass(error, TradexError)


def test_a_message_that_can_never_work_says_in_one_word_why() -> None:
    assert ["fatal", "fatal", "undecodable"] == [
        kind.reason for kind in (Hopeless, core.Forged, core.Undecodable)
    ]
