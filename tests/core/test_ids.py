import re
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradex_core.clock import from_epoch_ms
from tradex_core.ids import (
    OBJECT_ID_PATTERN,
    UUID_PATTERN,
    derived_object_id,
    derived_uuid7,
    object_id,
    sibling_uuid7,
    uuid7,
    uuid7_random_bits,
    uuid7_time,
)


class Derive(Protocol):
    def __call__(self, source: str, purpose: str, *, at: datetime) -> str: ...


NOW = datetime(2024, 1, 15, 10, 0, tzinfo=UTC)
INSTANTS = st.integers(0, 253_402_300_799_999).map(from_epoch_ms)
BITS = st.integers(0, (1 << 74) - 1)


@given(INSTANTS, BITS)
def test_a_uuid7_carries_its_time_and_its_random_bits(at: datetime, random_bits: int) -> None:
    uuid = uuid7(at=at, random_bits=random_bits)
    assert at == uuid7_time(uuid)
    assert random_bits == uuid7_random_bits(uuid)


@given(INSTANTS, BITS)
def test_a_uuid7_is_laid_out_as_the_rfc_says(at: datetime, random_bits: int) -> None:
    uuid = UUID(uuid7(at=at, random_bits=random_bits))
    assert 7 == uuid.version
    assert RFC_4122 == uuid.variant


def test_the_example_of_the_rfc_is_reproduced() -> None:
    at = from_epoch_ms(0x017F22E279B0)
    random_bits = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    assert "017f22e2-79b0-7cc3-98c4-dc0c0c07398f" == uuid7(at=at, random_bits=random_bits)


def test_later_ids_sort_behind_earlier_ones() -> None:
    later = NOW + timedelta(milliseconds=1)
    assert uuid7(at=NOW, random_bits=(1 << 74) - 1) < uuid7(at=later, random_bits=0)
    later = NOW + timedelta(seconds=1)
    assert object_id(at=NOW, random_bits=(1 << 64) - 1) < object_id(at=later, random_bits=0)


def test_an_object_id_begins_with_its_seconds() -> None:
    assert "65a50220000000000000002a" == object_id(at=NOW, random_bits=42)


@given(INSTANTS, BITS)
def test_an_object_id_has_its_form_at_any_time(at: datetime, random_bits: int) -> None:
    assert re.fullmatch(OBJECT_ID_PATTERN, object_id(at=at, random_bits=random_bits))


@given(st.text(max_size=50), INSTANTS)
def test_derived_ids_have_the_form_of_others(source: str, at: datetime) -> None:
    assert re.fullmatch(UUID_PATTERN, derived_uuid7(source, "order", at=at))
    assert re.fullmatch(OBJECT_ID_PATTERN, derived_object_id(source, "product", at=at))
    assert at == uuid7_time(derived_uuid7(source, "order", at=at))


@pytest.mark.parametrize("derive", [derived_uuid7, derived_object_id])
def test_a_derived_id_depends_on_its_source_its_purpose_and_its_time(
    derive: Derive,
) -> None:
    others = [
        derive("another", "order", at=NOW),
        derive("message", "line", at=NOW),
        derive("message", "order", at=NOW + timedelta(seconds=1)),
        derive("sage", "ordermes", at=NOW),
    ]
    assert derive("message", "order", at=NOW) == derive("message", "order", at=NOW)
    assert derive("message", "order", at=NOW) not in others
    assert len(others) == len(set(others))


def test_a_derived_id_never_changes_between_releases() -> None:
    assert "018d0c90-4d00-76b1-8e41-545720c35f90" == derived_uuid7("message", "order", at=NOW)
    assert "65a50220b77f6c25cfb3b0bd" == derived_object_id("message", "product", at=NOW)


@given(INSTANTS, st.integers(min_value=0, max_value=2**74 - 1))
def test_a_sibling_is_what_is_derived_at_the_instant_of_its_id(at: datetime, bits: int) -> None:
    operation_id = uuid7(at=at, random_bits=bits)
    derived = derived_uuid7(operation_id, "order", at=uuid7_time(operation_id))
    assert derived == sibling_uuid7(operation_id, "order")
