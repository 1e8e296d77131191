"""Identifiers: their types, their layouts, and how one is derived from another."""

from datetime import datetime
from hashlib import sha256
from typing import NewType, Protocol
from uuid import UUID

from tradex_core.clock import epoch_ms, from_epoch_ms

UserId = NewType("UserId", str)
ProductId = NewType("ProductId", str)
OrderId = NewType("OrderId", str)
SessionId = NewType("SessionId", str)
OperationId = NewType("OperationId", str)
MessageId = NewType("MessageId", str)

_RANDOM_BITS = 74
_SECONDS_BITS = 32
UUID_PATTERN = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
OBJECT_ID_PATTERN = r"^[0-9a-f]{24}$"


class Entropy(Protocol):
    """A source of unpredictable numbers."""

    def bits(self, count: int) -> int:
        """Return an unpredictable whole number of at most `count` bits."""
        ...


def uuid7(*, at: datetime, random_bits: int) -> str:
    """Lay out a UUIDv7 (RFC 9562, section 5.7) from an instant and 74 random bits."""
    return _laid_out(epoch_ms(at), random_bits)


def uuid7_time(uuid: str) -> datetime:
    """Return the instant that a UUIDv7 carries, to the millisecond."""
    return from_epoch_ms(UUID(uuid).int >> 80)


def uuid7_random_bits(uuid: str) -> int:
    """Return the 74 bits of a UUIDv7 that are neither time, version nor variant."""
    value = UUID(uuid).int
    return (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1


def object_id(*, at: datetime, random_bits: int) -> str:
    """Lay out a MongoDB ObjectId in hex: four bytes of seconds, eight of the random bits.

    The seconds begin again in 2106.
    """
    seconds = epoch_ms(at) // 1000 & (1 << _SECONDS_BITS) - 1
    return f"{seconds:08x}{random_bits & (1 << 64) - 1:016x}"


def derived_uuid7(source: str, purpose: str, *, at: datetime) -> str:
    """Derive a UUIDv7 from another id: the same message run again gives the same one."""
    return _laid_out(epoch_ms(at), _derived_bits(source, purpose))


def sibling_uuid7(uuid: str, purpose: str) -> str:
    """Derive a UUIDv7 from another one, at the instant that it carries."""
    return _laid_out(int(uuid[:8] + uuid[9:13], 16), _derived_bits(uuid, purpose))


def derived_object_id(source: str, purpose: str, *, at: datetime) -> str:
    """Derive an ObjectId from another id: the same message run again gives the same one."""
    digest = sha256(f"{purpose}\0{source}".encode()).digest()
    return object_id(at=at, random_bits=int.from_bytes(digest[:8]))


def _derived_bits(source: str, purpose: str) -> int:
    digest = sha256(f"{purpose}\0{source}".encode()).digest()
    return int.from_bytes(digest[:10]) & (1 << _RANDOM_BITS) - 1


def _laid_out(ms: int, random_bits: int) -> str:
    version, variant = random_bits >> 62 & 0xFFF | 7 << 12, random_bits >> 48 & 0x3FFF | 2 << 14
    rest = random_bits & (1 << 48) - 1
    return f"{ms >> 16:08x}-{ms & 0xFFFF:04x}-{version:04x}-{variant:04x}-{rest:012x}"
