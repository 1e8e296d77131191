from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradex_core.key_rings import KeyRing, KeyState, RingKey

NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
GOOD_FOR = timedelta(hours=2)
OLD, NEW = RingKey(b"old"), RingKey(b"new", NOW)
ROTATED = KeyRing((OLD, NEW))


def states(ring: KeyRing, now: datetime) -> list[KeyState]:
    return [ring.state(each, now, good_for=GOOD_FOR) for each in ring.keys]


def parsed(text: str) -> KeyRing:
    return KeyRing.parse(text, str.encode)


def test_a_key_is_next_then_current_then_retiring_then_gone() -> None:
    third = ROTATED.joined_by(RingKey(b"third", NOW + HOUR))
    assert [KeyState.CURRENT, KeyState.NEXT] == states(ROTATED, NOW - HOUR / 60)
    assert [KeyState.RETIRING, KeyState.CURRENT] == states(ROTATED, NOW)
    assert [KeyState.RETIRING, KeyState.CURRENT] == states(ROTATED, NOW + GOOD_FOR - HOUR / 60)
    assert [KeyState.GONE, KeyState.CURRENT] == states(ROTATED, NOW + GOOD_FOR)
    later = [KeyState.GONE, KeyState.RETIRING, KeyState.CURRENT]
    assert later == states(third, NOW + GOOD_FOR)


def test_without_times_the_first_is_used_and_the_others_are_good_for_ever() -> None:
    ring = KeyRing.of(b"first", b"second")
    assert [KeyState.CURRENT, KeyState.RETIRING] == states(ring, NOW)
    assert ring == ring.in_force(NOW, good_for=GOOD_FOR)


def test_before_any_key_is_to_be_used_the_first_that_will_be_is() -> None:
    ring = KeyRing((RingKey(b"later", NOW + HOUR), NEW))
    assert NEW == ring.at(NOW - HOUR)
    assert [KeyState.NEXT, KeyState.CURRENT] == states(ring, NOW - HOUR)


def test_in_force_are_the_current_key_first_and_all_that_are_not_gone() -> None:
    third = ROTATED.joined_by(RingKey(b"third", NOW + GOOD_FOR + HOUR))
    in_force = third.in_force(NOW + GOOD_FOR, good_for=GOOD_FOR)
    assert (NEW, RingKey(b"third", NOW + GOOD_FOR + HOUR)) == in_force.keys
    assert (NEW, OLD) == ROTATED.in_force(NOW, good_for=GOOD_FOR).keys


@given(st.integers(-5, 5), st.integers(0, 5), st.integers(0, 5))
def test_what_one_replica_uses_every_other_accepts_however_their_clocks_differ(
    at: int, apart: int, read_late: int
) -> None:
    """A new key is in the file for ten minutes before it is used, and an old one for two hours."""
    before, after = KeyRing((OLD,)), ROTATED
    one = NOW + at * timedelta(minutes=1)
    other = one + apart * timedelta(minutes=1)
    knows = after if other >= NOW - timedelta(minutes=10 - read_late) else before
    used = after.at(one)
    assert used in knows.in_force(other, good_for=GOOD_FOR).keys


def test_a_ring_survives_being_written_down() -> None:
    assert ROTATED == parsed(ROTATED.format(bytes.decode))
    assert "old\nnew@2024-01-15T10:00:00Z\n" == ROTATED.format(bytes.decode)


@pytest.mark.parametrize("text", ["a,b", "a, b", "a\nb\n", "\na\r\n b"])
def test_keys_stand_apart_by_commas_or_on_lines_of_their_own(text: str) -> None:
    assert KeyRing.of(b"a", b"b") == parsed(text)


def test_a_time_is_in_whole_seconds_of_utc() -> None:
    assert NEW == parsed("new@2024-01-15T11:00:00.9+01:00").keys[0]


@pytest.mark.parametrize(
    "text",
    [
        *("hunter2@", "hunter2@soon", "hunter2@2024-01-15T10:00:00", "hunter2,hunter2", "a@b@c"),
        *("hunter2@9999-12-31T23:59:59-23:59", "hunter2@0001-01-01T00:00:00+01:00"),
    ],
)
def test_what_is_no_ring_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        parsed(text)
    assert text not in str(refused.value)
    assert "hunter2" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_ring_is_never_empty() -> None:
    with pytest.raises(ValueError, match="no key"):
        KeyRing(())
    with pytest.raises(ValueError, match="no key"):
        KeyRing((OLD,)).without([OLD])


def test_a_ring_and_its_keys_do_not_show_themselves() -> None:
    assert "***" == repr(ROTATED) == str(ROTATED) == f"{ROTATED}"
    assert "old" not in repr(OLD)


def test_what_is_derived_from_a_ring_keeps_its_times() -> None:
    assert KeyRing((RingKey(b"OLD"), RingKey(b"NEW", NOW))) == ROTATED.derived(bytes.upper)


@given(st.text() | st.from_regex(r"a(,?[a-z]@\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d))*"))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        ring = parsed(text)
    except ValueError:
        return
    for now in (NOW, datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        assert ring.in_force(now, good_for=GOOD_FOR).keys
