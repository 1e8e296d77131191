"""What is about a message, not in it: CloudEvents, trace, correlation, actor and reply headers."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

import msgspec

from tradex_core.errors import Forged, Undecodable
from tradex_core.events.user import Role
from tradex_core.ids import MessageId

Headers = tuple[tuple[str, bytes], ...]

REPLY_DISPOSED: Final = "kafka_nest-is-disposed"
REPLY_ERROR: Final = "kafka_nest-err"
REPLY_CORRELATION: Final = "kafka_correlationId"
REPLY_TOPIC: Final = "kafka_replyTopic"
REPLY_PARTITION: Final = "kafka_replyPartition"
REPLAY_COUNT: Final = "dlq-replay-count"


class Actor(msgspec.Struct, frozen=True):
    """Who asks: a user and what they may do."""

    user_id: str
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether everything of everybody is theirs to act on."""
        return self.role is Role.ADMIN


class ReplyAddress(msgspec.Struct, frozen=True):
    """Where a request-reply client waits, by the names that Spring Kafka and NestJS use."""

    topic: str
    correlation_id: bytes
    partition: int | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What travels in a message's headers; `id` is the message's identity for deduplication."""

    id: MessageId
    type: str
    source: str
    time: datetime
    correlation_id: str
    causation_id: str | None = None
    actor: Actor | None = None
    signature: str | None = None
    deadline_ms: int | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    reply_to: ReplyAddress | None = None
    replay_count: int = 0

    def to_headers(self) -> Headers:
        """Lay the envelope out as Kafka headers; the reply address is a client's and stays out."""
        headers = [
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_time", self.time.isoformat().replace("+00:00", "Z").encode()),
            ("content-type", b"application/json"),
            ("correlation-id", self.correlation_id.encode()),
        ]
        if self.actor is not None:
            headers.append(("actor-id", self.actor.user_id.encode()))
            headers.append(("actor-role", self.actor.role.encode()))
        optional = (
            ("causation-id", self.causation_id),
            ("actor-signature", self.signature),
            ("deadline", self.deadline_ms),
            ("traceparent", self.traceparent),
            ("tracestate", self.tracestate),
        )
        headers += [(name, str(value).encode()) for name, value in optional if value is not None]
        return tuple(headers)


def read_envelope(
    headers: Headers, *, fallback_id: MessageId, fallback_time: datetime
) -> tuple[Envelope, bool]:
    """Read an envelope, and whether the message brought an id of its own.

    What a message without headers lacks is filled in: its id from where it lies, its time from
    the log. Raises Undecodable where a header is there and is not what it should be.
    """
    found = dict(headers)
    try:
        brought = _text(found, "ce_id")
        envelope = Envelope(
            id=MessageId(brought or fallback_id),
            type=_text(found, "ce_type") or "",
            source=_text(found, "ce_source") or "unknown",
            time=_time(_text(found, "ce_time"), fallback_time),
            correlation_id=_text(found, "correlation-id") or brought or fallback_id,
            causation_id=_text(found, "causation-id"),
            actor=_actor(found),
            signature=_text(found, "actor-signature"),
            deadline_ms=_number(found, "deadline"),
            traceparent=_text(found, "traceparent"),
            tracestate=_text(found, "tracestate"),
            reply_to=_reply_address(found),
            replay_count=_number(found, REPLAY_COUNT) or 0,
        )
    except ValueError as error:
        msg = f"a header is malformed: {error}"
        raise Undecodable(msg) from error
    if found.get("ce_specversion", b"1.0") != b"1.0":
        msg = "the header ce_specversion must be 1.0"
        raise Undecodable(msg)
    return envelope, brought is not None


_MAX_HEADER = 1024


def _text(found: Mapping[str, bytes], name: str) -> str | None:
    raw = found.get(name)
    if raw is None:
        return None
    if not raw or len(raw) > _MAX_HEADER or b"\0" in raw:
        msg = f"{name} must have 1 to {_MAX_HEADER} bytes and no NUL"
        raise ValueError(msg)
    return raw.decode()


def _number(found: Mapping[str, bytes], name: str) -> int | None:
    text = _text(found, name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 15):  # noqa: PLR2004
        msg = f"{name} must be a whole number"
        raise ValueError(msg)
    return int(text)


def _time(text: str | None, fallback: datetime) -> datetime:
    if text is None:
        return fallback
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _actor(found: Mapping[str, bytes]) -> Actor | None:
    user_id, role = _text(found, "actor-id"), _text(found, "actor-role")
    if user_id is None and role is None:
        return None
    if user_id is None or role is None:
        msg = "actor-id and actor-role go together"
        raise ValueError(msg)
    return Actor(user_id=user_id, role=Role(role))


def _reply_address(found: Mapping[str, bytes]) -> ReplyAddress | None:
    topic, correlation_id = _text(found, REPLY_TOPIC), found.get(REPLY_CORRELATION)
    if topic is None or correlation_id is None:
        return None
    return ReplyAddress(
        topic=topic, correlation_id=correlation_id, partition=_number(found, REPLY_PARTITION)
    )


class ActorSignatures:
    """Signs and checks the actor of a command: HMAC-SHA256 under the key that all apps share.

    The signature covers the message's id, its type, the actor, and the value's SHA-256.
    """

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, *, message_id: str, type: str, actor: Actor, value: bytes) -> str:  # noqa: A002
        """Return the signature in hex."""
        parts = (message_id, type, actor.user_id, actor.role, sha256(value).hexdigest())
        return hmac.new(self._key, "\n".join(parts).encode(), sha256).hexdigest()

    def verify(self, envelope: Envelope, value: bytes) -> Actor | None:
        """Return the actor that the message proves, or None where it names none.

        Raises Forged where actor headers are there without a right signature.
        """
        if envelope.actor is None and envelope.signature is None:
            return None
        if envelope.actor is None or envelope.signature is None:
            msg = "the actor headers are incomplete"
            raise Forged(msg)
        expected = self.sign(
            message_id=envelope.id, type=envelope.type, actor=envelope.actor, value=value
        )
        if not hmac.compare_digest(expected.encode(), envelope.signature.encode()):
            msg = "the actor signature is wrong"
            raise Forged(msg)
        return envelope.actor
