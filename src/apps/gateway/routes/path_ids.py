"""The ids in paths; what is no id is nobody's."""

import re
from typing import Final

from apps.gateway.reading import HttpRequest
from tradex_core.ids import OBJECT_ID_PATTERN, UUID_PATTERN

_OBJECT_ID: Final = re.compile(OBJECT_ID_PATTERN)
_UUID: Final = re.compile(UUID_PATTERN)


def object_id_in(request: HttpRequest, name: str) -> str | None:
    """Return a path's ObjectId; None where what stands there is none."""
    return _matching(_OBJECT_ID, request.scope["path_params"][name])


def uuid_in(request: HttpRequest, name: str) -> str | None:
    """Return a path's UUID; None where what stands there is none."""
    return _matching(_UUID, request.scope["path_params"][name])


def _matching(pattern: re.Pattern[str], text: str) -> str | None:
    return text if pattern.fullmatch(text) else None
