"""What is about a message, not in it: CloudEvents, trace, correlation, actor and reply headers."""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Final

import msgspec

from tradex_core.errors import Forged, Undecodable
from tradex_core.events.user import Role
from tradex_core.ids import MessageId
from tradex_core.key_rings import KeyRing

Headers = tuple[tuple[str, bytes], ...]

REPLY_DISPOSED: Final = "kafka_nest-is-disposed"
REPLY_ERROR: Final = "kafka_nest-err"
REPLY_CORRELATION: Final = "kafka_correlationId"
REPLY_TOPIC: Final = "kafka_replyTopic"
REPLY_PARTITION: Final = "kafka_replyPartition"

_SPEC_VERSION: Final = ("ce_specversion", b"1.0")
_CONTENT_TYPE: Final = ("content-type", b"application/json")


@lru_cache(maxsize=256)
def _shared(name: str, text: str) -> tuple[str, bytes]:
    """Return a header that many messages have: one object for all those that a log keeps."""
    return name, text.encode()


class Actor(msgspec.Struct, frozen=True, gc=False):
    """Who asks: a user and what they may do."""

    user_id: str
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether everything of everybody is theirs to act on."""
        return self.role is Role.ADMIN


class ReplyAddress(msgspec.Struct, frozen=True, gc=False):
    """Where a request-reply client waits, by the names that Spring Kafka and NestJS use."""

    topic: str
    correlation_id: bytes
    partition: int | None = None


class Envelope(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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

    def to_headers(self) -> Headers:
        """Lay the envelope out as Kafka headers; the reply address is a client's and stays out."""
        headers = [
            _SPEC_VERSION,
            ("ce_id", self.id.encode()),
            _shared("ce_type", self.type),
            _shared("ce_source", self.source),
            ("ce_time", self.time.isoformat().replace("+00:00", "Z").encode()),
            _CONTENT_TYPE,
            ("correlation-id", self.correlation_id.encode()),
        ]
        if self.actor is not None:
            headers.append(("actor-id", self.actor.user_id.encode()))
            headers.append(_shared("actor-role", self.actor.role))
        if self.causation_id is not None:
            headers.append(("causation-id", self.causation_id.encode()))
        if self.signature is not None:
            headers.append(("actor-signature", self.signature.encode()))
        if self.deadline_ms is not None:
            headers.append(("deadline", str(self.deadline_ms).encode()))
        if self.traceparent is not None:
            headers.append(("traceparent", self.traceparent.encode()))
        if self.tracestate is not None:
            headers.append(("tracestate", self.tracestate.encode()))
        return tuple(headers)


def read_envelope(
    headers: Headers, *, fallback_id: MessageId, fallback_time: datetime
) -> tuple[Envelope, bool]:
    """Read an envelope, and whether the message brought an id of its own.

    What a message without headers lacks is filled in: its id from where it lies, its time from
    the log. Raises Undecodable where a header is there and is not what it should be.
    """
    try:
        texts = _texts(headers)
        brought = texts.get("ce_id")
        envelope = Envelope(
            id=MessageId(brought or fallback_id),
            type=texts.get("ce_type", ""),
            source=texts.get("ce_source", "unknown"),
            time=_time(texts.get("ce_time"), fallback_time),
            correlation_id=texts.get("correlation-id") or brought or fallback_id,
            causation_id=texts.get("causation-id"),
            actor=_actor(texts),
            signature=texts.get("actor-signature"),
            deadline_ms=_number(texts, "deadline"),
            traceparent=texts.get("traceparent"),
            tracestate=texts.get("tracestate"),
            reply_to=_reply_address(texts, headers),
        )
    except (ValueError, OverflowError) as error:
        msg = f"a header is malformed: {error}"
        raise Undecodable(msg) from error
    return envelope, brought is not None


_MAX_HEADER = 1024
_MAX_DIGITS = 15
_INT_BYTES = 4
_FIRST_YEAR = 1970
_READ = frozenset(
    {
        "ce_specversion",
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_time",
        "correlation-id",
        "causation-id",
        "actor-id",
        "actor-role",
        "actor-signature",
        "deadline",
        "traceparent",
        "tracestate",
        REPLY_TOPIC,
    }
)


def _texts(headers: Headers) -> dict[str, str]:
    texts = {}
    for name, raw in headers:
        if name in _READ:
            if not raw or len(raw) > _MAX_HEADER or b"\0" in raw:
                msg = f"{name} must have 1 to {_MAX_HEADER} bytes and no NUL"
                raise ValueError(msg)
            texts[name] = raw.decode()
    if texts.get("ce_specversion", "1.0") != "1.0":
        msg = "ce_specversion must be 1.0"
        raise ValueError(msg)
    return texts


def _number(texts: Mapping[str, str], name: str) -> int | None:
    text = texts.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        msg = f"{name} must be a whole number"
        raise ValueError(msg)
    return int(text)


def _time(text: str | None, fallback: datetime) -> datetime:
    if text is None:
        return fallback
    read = datetime.fromisoformat(text)
    time = read if read.tzinfo is UTC else _in_utc(read)
    if time.year < _FIRST_YEAR:
        msg = f"ce_time must not be before {_FIRST_YEAR}"
        raise ValueError(msg)
    return time


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _actor(texts: Mapping[str, str]) -> Actor | None:
    user_id, role = texts.get("actor-id"), texts.get("actor-role")
    if user_id is None and role is None:
        return None
    if user_id is None or role is None:
        msg = "actor-id and actor-role go together"
        raise ValueError(msg)
    return Actor(user_id=user_id, role=Role(role))


def _reply_address(texts: Mapping[str, str], headers: Headers) -> ReplyAddress | None:
    topic = texts.get(REPLY_TOPIC)
    if topic is None:
        return None
    raw = dict(headers)
    correlation_id = raw.get(REPLY_CORRELATION)
    if correlation_id is None:
        return None
    partition = _partition(raw.get(REPLY_PARTITION))
    return ReplyAddress(topic=topic, correlation_id=correlation_id, partition=partition)


def _partition(raw: bytes | None) -> int | None:
    """Read a reply partition: NestJS writes it in decimal, Spring Kafka as four bytes."""
    if raw is None:
        return None
    if len(raw) == _INT_BYTES and raw[0] == 0:
        return int.from_bytes(raw)
    if not (raw.isdigit() and len(raw) <= _MAX_DIGITS):
        msg = f"{REPLY_PARTITION} must be a whole number"
        raise ValueError(msg)
    return int(raw)


class ActorSignatures:
    """Signs and checks the actor of a command: HMAC-SHA256 under the keys that all apps share.

    The signature covers the message's id, its type, the actor, and the value's SHA-256. Under the
    same keys operators sign what they decide on dead letters. The first key signs, each is good.
    """

    def __init__(self, key: bytes) -> None:
        self.use(KeyRing.of(key))

    def use(self, ring: KeyRing) -> None:
        """Go by these keys from now on."""
        self._macs = tuple(hmac.new(each.key, digestmod=sha256) for each in ring.keys)

    def sign(self, *, message_id: str, type: str, actor: Actor, value: bytes) -> str:  # noqa: A002
        """Return the signature in hex."""
        return _digest(self._macs[0], _signed(message_id, type, actor, value))

    def sign_decision(self, *parts: str) -> str:
        """Return the signature of an operator's decision in hex; it is never one of an actor's."""
        return _digest(self._macs[0], _decided(parts))

    def has_signed_decision(self, signature: bytes, *parts: str) -> bool:
        """Return whether this is the signature of an operator's decision."""
        return self._has_signed(signature, _decided(parts))

    def verify(self, envelope: Envelope, value: bytes) -> Actor | None:
        """Return the actor that the message proves, or None where it names none.

        Raises Forged where actor headers are there without a right signature.
        """
        if envelope.actor is None and envelope.signature is None:
            return None
        if envelope.actor is None or envelope.signature is None:
            msg = "the actor headers are incomplete"
            raise Forged(msg)
        text = _signed(envelope.id, envelope.type, envelope.actor, value)
        if not self._has_signed(envelope.signature.encode(), text):
            msg = "the actor signature is wrong"
            raise Forged(msg)
        return envelope.actor

    def _has_signed(self, signature: bytes, text: bytes) -> bool:
        for mac in self._macs:
            if hmac.compare_digest(_digest(mac, text).encode(), signature):
                return True
        return False


def _signed(message_id: str, type: str, actor: Actor, value: bytes) -> bytes:  # noqa: A002
    parts = (message_id, type, actor.user_id, actor.role, sha256(value).hexdigest())
    return "\n".join(parts).encode()


def _decided(parts: tuple[str, ...]) -> bytes:
    return b"dead letter" + msgspec.json.encode(parts)


def _digest(mac: hmac.HMAC, text: bytes) -> str:
    keyed = mac.copy()
    keyed.update(text)
    return keyed.hexdigest()
