"""What the driver's errors mean to whoever asked."""

import psycopg
import pytest
from psycopg import errors

from adapters.postgres.errors import Unstorable, translated
from tradex_core.errors import Outage, StoreConflict


def raised(state: str) -> psycopg.Error:
    return errors.lookup(state)("why")


@pytest.mark.parametrize("state", ["23505", "23503", "40001", "40P01", "55P03"])
def test_who_was_too_late_is_in_conflict(state: str) -> None:
    with pytest.raises(StoreConflict, match="why"), translated("server"):
        raise raised(state)


@pytest.mark.parametrize("state", ["08006", "25006", "53300", "57014", "57P01", "57P03", "25P03"])
def test_a_server_that_cannot_is_an_outage(state: str) -> None:
    with pytest.raises(Outage, match="server: why"), translated("server"):
        raise raised(state)


def test_a_full_table_of_locks_names_its_remedy() -> None:
    with pytest.raises(Outage, match="raise max_locks_per_transaction"), translated("server"):
        raise raised("53200")


def test_a_connection_that_ends_without_a_word_is_an_outage() -> None:
    with pytest.raises(Outage, match="server: gone"), translated("server"):
        msg = "gone"
        raise psycopg.OperationalError(msg)


@pytest.mark.parametrize("state", ["22001", "22003", "22021", "23502", "23514", "54000"])
def test_a_value_that_no_column_takes_is_hopeless(state: str) -> None:
    with pytest.raises(Unstorable, match="why"), translated("server"):
        raise raised(state)


@pytest.mark.parametrize("state", ["42P01", "42501", "42601"])
def test_a_mistake_of_ours_stays_what_it_is(state: str) -> None:
    mistake = raised(state)
    with pytest.raises(psycopg.ProgrammingError) as found, translated("server"):
        raise mistake
    assert mistake is found.value
