"""A limit as clients are told of it: before they reach it, and when they are refused for it."""

from datetime import timedelta
from typing import ClassVar, Final

from litestar.types import Scope

from apps.gateway.answers import RawHeaders
from apps.gateway.problems import BadRequest
from tradex_core.users.attempts import Pace

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
_NAMES: Final = {MINUTE: "a minute", HOUR: "an hour"}
_SECOND: Final = timedelta(seconds=1)
_TOLD: Final = "quotas"


class TooManyRequests(BadRequest):
    """The client asks for too much in too short a time."""

    status: ClassVar[int] = 429
    slug = "too_many_requests"
    title = "Too many requests"


class Quota:
    """A pace by the minute or the hour, in headers of draft-ietf-httpapi-ratelimit-headers-10.

    `whose` says in a refusal what it is counted by, such as "from one address".
    """

    def __init__(self, name: str, pace: Pace, *, whose: str) -> None:
        window = _seconds(pace.window)
        self._name = name.encode()
        self._policy = (b"ratelimit-policy", b'"%s";q=%d;w=%d' % (self._name, pace.limit, window))
        self._rule = f"{pace.limit} {_NAMES[pace.window]} are let through {whose}"

    def tell(self, scope: Scope) -> None:
        """Let the answer name the policy."""
        _told(scope).append(self._policy)

    def tell_left(self, scope: Scope, left: int, seconds: int) -> None:
        """Let the answer say how much is left, and in how many seconds all of it is there again."""
        left_of_it = (b"ratelimit", b'"%s";r=%d;t=%d' % (self._name, left, seconds))
        _told(scope).extend((self._policy, left_of_it))

    def refusal(self, scope: Scope, wait: timedelta) -> TooManyRequests:
        """Return what is to be raised, with when to come back; nothing is left of it till then."""
        seconds = _seconds(wait)
        self.tell_left(scope, 0, seconds)
        detail = f"Try again in {seconds} s; {self._rule}."
        return TooManyRequests(detail, headers={"retry-after": str(seconds)})


def told_of(scope: Scope) -> RawHeaders:
    """Return the headers that tell whoever asked of the limits that they have come by."""
    return tuple(scope["state"].get(_TOLD, ()))


def _told(scope: Scope) -> list[tuple[bytes, bytes]]:
    headers: list[tuple[bytes, bytes]] = scope["state"].setdefault(_TOLD, [])
    return headers


def _seconds(time: timedelta) -> int:
    """Return whole seconds, rounded up."""
    return -(-time // _SECOND)
