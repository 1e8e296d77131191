"""What pages write into files."""

from pathlib import Path

import pytest
from tests.docs.edits import change_file, is_file, write_file

FILE = "# src/new.py\n\n" + '"""New."""\n'
BEFORE = "one\n\ntwo\nthree\n"
DIFF = "+++ a.txt\n@@\n one\n+and a half\n\n@@\n-three\n+four\n"


def test_a_block_whose_first_line_names_a_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    write_file(tmp_path, FILE)
    assert '"""New."""\n' == (tmp_path / "src" / "new.py").read_text(encoding="utf-8")
    assert is_file(FILE)
    assert not is_file('"""New."""\n')


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    write_file(tmp_path, FILE)
    with pytest.raises(AssertionError, match="there already"):
        write_file(tmp_path, FILE)


def test_a_diff_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(BEFORE, encoding="utf-8")
    change_file(tmp_path, DIFF)
    assert "one\nand a half\n\ntwo\nfour\n" == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["two\n", BEFORE + BEFORE])
def test_a_diff_whose_place_is_not_clear_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError, match="not once"):
        change_file(tmp_path, DIFF)
    assert text == path.read_text(encoding="utf-8")
