"""What a page shows of a command's output, and what the command may then print."""

import pytest
from tests.docs.shown import is_as_shown

UUID = "01a20f24-9782-7318-9954-b076b7f7c709"
OTHER_UUID = "018d0c1e-8a00-7000-8000-00000000000a"


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("ready", "ready\n"),
        ("ready ...", "ready http://127.0.0.1:3000"),
        ("a\n...\nb", "a\nb"),
        ("a\n...\nb", "a\none\ntwo\nb"),
        ("...\nb", "b"),
        (f"made {UUID}", f"made {OTHER_UUID}"),
        ("at 2026-01-15T10:00:00Z", "at 2026-11-24T19:59:46.564285Z"),
        ("3 passed in 0.12s", "3 passed in 1.50s"),
    ],
)
def test_it_may_print(shown: str, printed: str) -> None:
    assert is_as_shown(printed, shown)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("ready", "not ready"),
        ("ready", "ready\nand more"),
        ("ready ...", "ready\nand more"),
        ("a\n...\nb", "a\none"),
        (f"made {UUID}", "made nothing"),
        ("3 passed in 0.12s", "2 passed in 0.12s"),
        ("price (10.00)", "price 10x00"),
    ],
)
def test_it_may_not_print(shown: str, printed: str) -> None:
    assert not is_as_shown(printed, shown)
