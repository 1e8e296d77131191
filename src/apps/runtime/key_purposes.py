"""What each ring of keys is for, and how long what a key made is good once another took over."""

from datetime import timedelta
from typing import Final, NamedTuple

from tradex_core.events.topics import COMMANDS_KEPT, DEAD_LETTERS_KEPT
from tradex_core.users.session import LIFETIME as SESSIONS_LAST

ACCESS_TOKENS_LAST: Final = timedelta(minutes=10)
_APART: Final = timedelta(minutes=5)
"""By how much the clocks of processes may differ."""


class Purpose(NamedTuple):
    """A ring's setting, and for how long a key is needed after it was replaced."""

    setting: str
    good_for: timedelta


ACTORS: Final = Purpose("actor_signing_key", DEAD_LETTERS_KEPT + _APART)
"""Signs who asks: a dead letter may be sent again, signature and all, as long as it is kept."""

GATEWAY: Final = Purpose("gateway_key", SESSIONS_LAST + _APART)
"""Operation ids, bodies' digests and, the longest, the refresh tokens of a session."""

TOKENS: Final = Purpose("jwt_signing_key", ACCESS_TOKENS_LAST + _APART)

SEALING: Final = Purpose("sealing_keys", COMMANDS_KEPT + _APART)
"""Opens passwords while the commands that hold them are kept: after that nobody can."""

SEALING_PUBLIC: Final = Purpose("sealing_public_key", SEALING.good_for)
