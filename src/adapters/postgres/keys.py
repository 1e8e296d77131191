"""Lists of ids as one parameter each, which both sides read and write fast."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from tradex_core.ids import UUID_PATTERN

_UUID: Final = re.compile(UUID_PATTERN)

ONE_OF_KEYS: Final = "= ANY(ARRAY(SELECT json_array_elements_text(%(keys)s::json)))"
"""What a column of texts is compared with; the parameter `keys` is made by `json_array`."""
ONE_OF_IDS: Final = "= ANY(%(ids)s::uuid[])"
"""What a column of UUIDs is compared with; the parameter `ids` is made by `uuid_array`."""


def uuid_array(texts: Iterable[str]) -> str:
    """Return those of these texts that are UUIDs as a literal of `uuid[]`; others name no row."""
    return "{" + ",".join(text for text in texts if _UUID.fullmatch(text)) + "}"


def number_array(numbers: Iterable[int]) -> str:
    """Return a literal of `int8[]`."""
    return "{" + ",".join(map(str, numbers)) + "}"


def json_array(texts: Iterable[str]) -> str:
    """Return any texts as a JSON array."""
    return msgspec.json.encode(list(texts)).decode()
