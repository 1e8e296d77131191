"""What the driver's errors mean to whoever asked."""

import psycopg
import pytest
from psycopg import errors

from adapters.postgres.errors import Unprepared, Unstorable, translated
from tradex_core.errors import Outage, StoreConflict


def of_state(state: str) -> psycopg.Error:
    return errors.lookup(state)("why")


def meaning(error: Exception) -> Exception:
    """Return what an error is translated to."""
    try:
        with translated("server"):
            raise error  # noqa: TRY301 - as the driver does
    except Exception as translation:  # noqa: BLE001 - it is what the test is about
        return translation


@pytest.mark.parametrize("state", ["23505", "23503", "40001", "40P01", "55P03"])
def test_who_was_too_late_is_in_conflict(state: str) -> None:
    found = meaning(of_state(state))
    assert StoreConflict is type(found)
    assert "another unit of work was first: why" == str(found)


@pytest.mark.parametrize("state", ["08006", "25006", "53300", "57014", "57P01", "57P03", "25P03"])
def test_a_server_that_cannot_is_an_outage(state: str) -> None:
    found = meaning(of_state(state))
    assert Outage is type(found)
    assert "server: why" == str(found)


def test_a_full_table_of_locks_names_its_remedy() -> None:
    found = meaning(of_state("53200"))
    assert Outage is type(found)
    assert "server: why; raise max_locks_per_transaction" == str(found)


def test_a_connection_that_ends_without_a_word_is_an_outage() -> None:
    found = meaning(psycopg.OperationalError("gone"))
    assert Outage is type(found)
    assert "server: gone" == str(found)


@pytest.mark.parametrize("state", ["22001", "22003", "22021", "23502", "23514", "54000"])
def test_a_value_that_no_column_takes_is_hopeless(state: str) -> None:
    found = meaning(of_state(state))
    assert Unstorable is type(found)
    assert "why" == str(found)


@pytest.mark.parametrize(
    ("state", "remedy"),
    [("42P01", "tradex db upgrade"), ("42703", "tradex db upgrade"), ("42501", "give the role")],
)
def test_a_database_that_is_not_set_up_names_the_remedy(state: str, remedy: str) -> None:
    found = meaning(of_state(state))
    assert Unprepared is type(found)
    assert remedy in str(found)


@pytest.mark.parametrize("mistake", [of_state("42601"), RuntimeError("why")])
def test_a_mistake_of_ours_stays_what_it_is(mistake: Exception) -> None:
    assert mistake is meaning(mistake)
