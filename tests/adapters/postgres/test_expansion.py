"""Migrations expand: the code of the release before works on the tables of the next one."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Final

import pytest
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory

from adapters.postgres import migrate

CONTRACTIONS: Final[dict[str, str]] = {}
"""The revisions that take something away, and since which release no code has used it."""

TAKES_AWAY: Final = re.compile(
    r"""
      DROP \s+ (TABLE|COLUMN|INDEX|CONSTRAINT|TYPE|VIEW|DEFAULT)
    | \b RENAME \b
    | ALTER \s+ COLUMN \s+ \S+ \s+ (SET \s+ DATA \s+)? TYPE \b
    | SET \s+ NOT \s+ NULL
    | ADD \s+ (CONSTRAINT|CHECK|UNIQUE|FOREIGN|PRIMARY|EXCLUDE)
    | ADD \s+ COLUMN \s+ (?! [^,;]* DEFAULT) [^,;]* NOT \s+ NULL
    | \b (TRUNCATE|REVOKE) \b
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""What makes statements fail that worked before, on tables that were there."""
MAKES: Final = re.compile(r'CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)"?', re.IGNORECASE)
UNIQUE: Final = re.compile(
    r'CREATE\s+UNIQUE\s+INDEX\s.+?\sON\s+"?(\w+)"?', re.IGNORECASE | re.DOTALL
)


def history(service: str) -> list[Script]:
    """Return a service's revisions, oldest first."""
    directory: ScriptDirectory = migrate._directory(service)  # noqa: SLF001 - only it knows them
    return list(directory.walk_revisions())[::-1]


REVISIONS = [each for service in sorted(migrate.METADATA) for each in history(service)]
LATER = [each for each in REVISIONS if each.down_revision is not None]


def statements(revision: Script) -> str:
    """Return the SQL of a revision's upgrade, without a server."""
    sql = StringIO()
    opts = {"as_sql": True, "output_buffer": sql}
    context = MigrationContext.configure(dialect_name="postgresql", opts=opts)
    with Operations.context(context):
        revision.module.upgrade()
    return sql.getvalue()


def taken_away(sql: str) -> Iterator[str]:
    """Return what of the SQL fails older code."""
    yield from (found[0] for found in TAKES_AWAY.finditer(sql))
    new = set(MAKES.findall(sql))
    yield from (found[0] for found in UNIQUE.finditer(sql) if found[1] not in new)


@pytest.mark.parametrize("revision", REVISIONS, ids=lambda each: each.revision)
def test_a_revision_only_adds_unless_it_is_listed_with_the_reason(revision: Script) -> None:
    found = list(taken_away(statements(revision)))
    assert found == [] or CONTRACTIONS.get(revision.revision), found


@pytest.mark.parametrize("revision", REVISIONS, ids=lambda each: each.revision)
def test_a_revision_says_which_code_it_still_serves(revision: Script) -> None:
    name = migrate._NAME.fullmatch(revision.revision)  # noqa: SLF001 - the names' one rule
    assert name is not None, "call it <service>_<number>_from_<the oldest that it serves>"
    is_later = revision.down_revision is not None
    adds = is_later and revision.revision not in CONTRACTIONS
    assert adds == (name["oldest"] is not None), "one that only adds ends in _from_<number>"
    assert name["oldest"] is None or name["oldest"] < name["number"]


def test_what_is_listed_is_there_and_has_a_reason() -> None:
    assert set() == CONTRACTIONS.keys() - {each.revision for each in LATER}
    assert all(CONTRACTIONS.values())


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders DROP COLUMN reason",
        "ALTER TABLE orders RENAME COLUMN reason TO why",
        "ALTER TABLE orders ALTER COLUMN reason TYPE varchar(10)",
        "ALTER TABLE orders ALTER COLUMN reason SET NOT NULL",
        "ALTER TABLE orders ADD CONSTRAINT few CHECK (version < 9)",
        "ALTER TABLE orders ADD COLUMN note text NOT NULL",
        'CREATE UNIQUE INDEX one ON orders ("userId")',
        "DROP TABLE inbox",
    ],
)
def test_what_fails_older_code_is_found(sql: str) -> None:
    assert list(taken_away(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE orders ADD COLUMN note text",
        "ALTER TABLE orders ADD COLUMN note text NOT NULL DEFAULT ''",
        "CREATE INDEX idx_orders_note ON orders (note)",
        (
            "CREATE TABLE notes (note text NOT NULL CHECK (note <> '')); "
            "CREATE UNIQUE INDEX idx_notes ON notes (note)"
        ),
    ],
)
def test_what_only_adds_is_let_be(sql: str) -> None:
    assert [] == list(taken_away(sql))
