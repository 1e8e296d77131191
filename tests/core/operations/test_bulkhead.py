from contextlib import suppress

import pytest

from tradex_core.operations.bulkhead import Bulkhead
from tradex_core.operations.errors import Unavailable


def test_it_is_full_when_every_place_is_taken_and_not_once_one_is_left() -> None:
    room = Bulkhead("Too many others read.", places=2)
    seen = [room.is_full]
    with room.place():
        seen.append(room.is_full)
        with suppress(KeyError), room.place():
            seen.append(room.is_full)
            raise KeyError
        seen.append(room.is_full)
    assert [False, False, True, False] == seen


def test_who_finds_no_place_is_turned_away_and_takes_none() -> None:
    room = Bulkhead("Too many others read.", places=1)
    with room.place():
        for _ in range(3):
            with pytest.raises(Unavailable, match="Too many others read") as refusal, room.place():
                pytest.fail("there is no place")
            assert (True, 1) == (refusal.value.certain, refusal.value.retry_after)
    room.require_room()
