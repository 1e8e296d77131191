import pickle
import time
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tradex_core.money import Money

CENTS = st.integers(0, 99_999_999_99)


@given(CENTS)
def test_every_amount_of_the_column_survives_as_text_and_as_decimal(cents: int) -> None:
    money = Money.of_cents(cents)
    assert cents == money.cents
    assert money == Money(str(money)) == Money(money.amount)
    assert -2 == money.amount.as_tuple().exponent


@pytest.mark.parametrize(
    ("amount", "shown"),
    [("0", "0.00"), ("9.9", "9.90"), ("1E+2", "100.00"), ("1e-2", "0.01"), ("1.5000", "1.50")],
)
def test_an_amount_is_shown_with_two_places(amount: str, shown: str) -> None:
    assert shown == str(Money(amount))


def test_both_ends_of_the_column_are_amounts() -> None:
    assert 0 == Money("0.00").cents
    assert 99_999_999_99 == Money("99999999.99").cents


@pytest.mark.parametrize(
    "amount",
    ["-0.01", "100000000", "99999999.991", "1e400", "1e999999999", "-1e999999999", "Infinity"],
)
def test_an_amount_that_the_column_cannot_hold_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"between 0\.00 and 99999999\.99|two decimal places"):
        Money(amount)


@pytest.mark.parametrize("cents", [-1, 99_999_999_99 + 1])
def test_cents_that_the_column_cannot_hold_are_refused(cents: int) -> None:
    with pytest.raises(ValueError, match="an amount must be between"):
        Money.of_cents(cents)


@pytest.mark.parametrize(
    "amount",
    ["0.001", "1.999", "1e-3", "1e-999999999", "1." + "0" * 40 + "1", "0." + "9" * 40],
)
def test_a_third_decimal_place_is_refused_however_far_behind_it_stands(amount: str) -> None:
    with pytest.raises(ValueError, match="at most two decimal places"):
        Money(amount)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "abc", "", "1,50"])
def test_what_is_no_number_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="an amount"):
        Money(amount)


def test_a_number_of_a_million_digits_is_refused_quickly() -> None:
    before = time.perf_counter()
    for digits in ("1." + "1" * 1_000_000, "1" * 1_000_000):
        with pytest.raises(ValueError, match="an amount"):
            Money(digits)
    assert time.perf_counter() - before < 1


def test_somebody_elses_decimal_context_changes_nothing() -> None:
    with localcontext(prec=3):
        assert 1_234_567_89 == Money("1234567.89").cents
        assert Decimal("1234567.89") == Money("1234567.89").amount


def test_amounts_add_up_and_multiply_exactly() -> None:
    assert Money("0.30") == Money("0.10") + Money("0.20")
    assert Money("29.97") == Money("9.99") * 3


def test_a_sum_or_product_that_the_column_cannot_hold_is_refused() -> None:
    with pytest.raises(ValueError, match="an amount must be between"):
        Money("99999999.99") + Money("0.01")
    with pytest.raises(ValueError, match="an amount must be between"):
        Money("0.01") * -1


@given(CENTS, CENTS)
def test_amounts_compare_as_their_cents_do(left: int, right: int) -> None:
    one, other = Money.of_cents(left), Money.of_cents(right)
    assert (left < right) == (one < other)
    assert (left >= right) == (one >= other)
    assert (left == right) == (one == other)
    assert left != right or hash(one) == hash(other)


def test_an_amount_is_no_number() -> None:
    assert Money("1.00") != 1
    assert Money("1.00") != Decimal("1.00")


def test_an_amount_cannot_be_changed() -> None:
    money = Money("1.00")
    with pytest.raises(AttributeError):
        money.cents = 2
    assert 100 == money.cents


def test_an_amount_survives_pickling() -> None:
    assert Money("12.34") == pickle.loads(pickle.dumps(Money("12.34")))  # noqa: S301
