"""What operators are shown of a dead letter: what became of it, and its message without secrets."""

from collections.abc import Mapping
from typing import Any, Final, cast

from apps.runtime.logging import redact
from apps.runtime.secret import MASK
from tradex_core.errors import Undecodable
from tradex_core.events import codec
from tradex_core.events.fields import Wire
from tradex_core.events.topics import AUTH_COMMANDS
from tradex_core.messaging import dead_letters as layout
from tradex_core.messaging.dead_letters import DeadLetter, original_headers

_SIGNATURE: Final = "actor-signature"
_HARMLESS: Final = frozenset({"command", "email", "name", "role", "userId", "sessionId"})
"""What commands to auth say beside secrets."""
_MAX_DIGITS: Final = 9


class Letter(Wire, frozen=True, kw_only=True):
    """A dead letter in short; where and when is the original's and as its consumer wrote it."""

    id: str
    topic: str
    partition: int
    key: str | None
    consumer: str
    reason: str
    error: str
    attempts: int | None
    first_failed_at: str | None
    failed_at: str | None
    replays: int


class LetterContent(Wire, frozen=True, kw_only=True):
    """A dead letter with its message, whatever may be a secret masked.

    `value` is JSON, or text where the message is no JSON or too long to be shown whole; it is None
    where there is no message, and where it may hold a password that nobody can find in it.
    """

    letter: Letter
    headers: Mapping[str, str]
    bytes: int
    value: Any
    is_whole: bool


def in_short(letter: DeadLetter) -> Letter:
    """Return what a list of dead letters says of one."""
    headers = letter.headers
    kind, text = headers.get(layout.ERROR_TYPE, ""), headers.get(layout.ERROR_TEXT, "")
    return Letter(
        id=letter.id,
        topic=letter.original_topic,
        partition=letter.record.partition,
        key=_text(letter.record.key),
        consumer=letter.consumer,
        reason=letter.reason,
        error=": ".join(part for part in (kind, text) if part),
        attempts=_number(headers.get(layout.ATTEMPTS, "")),
        first_failed_at=headers.get(layout.FIRST_FAILED_AT),
        failed_at=headers.get(layout.FAILED_AT),
        replays=int(headers[layout.REPLAY_COUNT]),
    )


def with_content(letter: DeadLetter, *, limit: int) -> LetterContent:
    """Return a dead letter with its message, or with its beginning where that is longer."""
    raw = letter.record.value or b""
    value, is_whole = _shown(raw, is_secretive=letter.original_topic == AUTH_COMMANDS, limit=limit)
    return LetterContent(
        letter=in_short(letter),
        headers=_headers(letter),
        bytes=len(raw),
        value=value,
        is_whole=is_whole,
    )


def _shown(raw: bytes, *, is_secretive: bool, limit: int) -> tuple[Any, bool]:
    if not raw:
        return None, True
    try:
        value = codec.decode(raw, cast("type[Any]", Any))
        value = _of_accounts(value) if is_secretive else redact(None, "", {"": value})[""]
        text = codec.encode(value)
    except (Undecodable, RecursionError):
        if is_secretive:
            return None, False
        return _text(raw[:limit]), len(raw) <= limit
    return (value, True) if len(text) <= limit else (_text(text[:limit]), False)


def _of_accounts(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return what is said of accounts without anything that is not known to be harmless."""
    if not isinstance(value, dict):
        return MASK
    return {name: _of_an_account(name, inner) for name, inner in value.items()}


def _of_an_account(name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON
    if name == "data":
        return _of_accounts(value)
    return value if value is None or (name in _HARMLESS and isinstance(value, str)) else MASK


def _headers(letter: DeadLetter) -> dict[str, str]:
    texts = {name: _text(raw) or "" for name, raw in original_headers(letter.record)}
    if _SIGNATURE in texts:
        texts[_SIGNATURE] = MASK
    return {name: str(text) for name, text in redact(None, "", dict(texts)).items()}


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else raw.decode(errors="backslashreplace")
