"""Where a key goes: murmur2 (Austin Appleby), as Apache Kafka's Java clients use it."""

from functools import lru_cache
from struct import unpack_from
from typing import Final

_SEED: Final = 0x9747B28C
_MULTIPLIER: Final = 0x5BD1E995
_MASK: Final = 0xFFFFFFFF
_KEYS_REMEMBERED: Final = 16_384


@lru_cache(maxsize=_KEYS_REMEMBERED)
def murmur2(key: bytes) -> int:
    """Return the hash as Java's `Utils.murmur2` does: a signed number of 32 bits.

    Remembered for the latest keys, since the messages of one story share theirs.
    """
    words = len(key) // 4
    digest = _SEED ^ len(key)
    for word in unpack_from(f"<{words}I", key):
        mixed = word * _MULTIPLIER & _MASK
        digest = (digest * _MULTIPLIER ^ (mixed ^ mixed >> 24) * _MULTIPLIER) & _MASK
    if tail := key[words * 4 :]:
        digest = (digest ^ int.from_bytes(tail, "little")) * _MULTIPLIER & _MASK
    digest = (digest ^ digest >> 13) * _MULTIPLIER & _MASK
    digest ^= digest >> 15
    return digest - (digest >> 31 << 32)


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key among so many, 0 the first."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
