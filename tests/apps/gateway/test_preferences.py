import pytest

from apps.gateway.preferences import wait_preference


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        (b"wait=0", 0),
        (b"wait=7", 7),
        (b'wait="7"', 7),
        (b"WAIT = 7", 7),
        (b"respond-async, wait=10", 10),
        (b"wait=10; foo=bar", 10),
        (b"wait=3, wait=9", 3),
        (b"wait=31", 30),
        (b"wait=99999999999999999999", 30),
        (b"wait=soon", None),
        (b"wait=", None),
        (b"wait", None),
        (b"wait=-1", None),
        (b"handling=strict", None),
    ],
)
def test_the_first_wait_counts_up_to_half_a_minute(
    header: bytes | None, seconds: int | None
) -> None:
    assert seconds == wait_preference(header)
