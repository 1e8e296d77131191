"""Password hashes with argon2id (RFC 9106)."""

import base64
from typing import Self

from argon2 import DEFAULT_MEMORY_COST, DEFAULT_PARALLELISM, DEFAULT_TIME_COST, PasswordHasher
from argon2.exceptions import VerifyMismatchError

_SALT_BYTES = 16
_HASH_BYTES = 32


class Argon2PasswordHasher:
    """Hashes passwords with argon2id; both methods run outside the interpreter's lock.

    The defaults are the library's: RFC 9106's second recommendation, 64 MiB and three passes.
    """

    def __init__(
        self,
        *,
        time_cost: int = DEFAULT_TIME_COST,
        memory_kib: int = DEFAULT_MEMORY_COST,
        parallelism: int = DEFAULT_PARALLELISM,
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=time_cost,
            memory_cost=memory_kib,
            parallelism=parallelism,
            hash_len=_HASH_BYTES,
            salt_len=_SALT_BYTES,
        )
        # Nobody can find a password for a digest of zeros, and checking one costs the same.
        salt, digest = _unpadded(bytes(_SALT_BYTES)), _unpadded(bytes(_HASH_BYTES))
        cost = f"m={memory_kib},t={time_cost},p={parallelism}"
        self.decoy = f"$argon2id$v=19${cost}${salt}${digest}"

    @classmethod
    def owasp_minimum(cls) -> Self:
        """Return the least that OWASP's Password Storage Cheat Sheet accepts: 19 MiB, t=2, p=1."""
        return cls(time_cost=2, memory_kib=19 * 1024, parallelism=1)

    def hash(self, password: str) -> str:
        """Return the password's hash in PHC string format, under a salt of its own."""
        return self._argon2.hash(password)

    def verify(self, password_hash: str, password: str) -> bool:
        """Return whether the hash is this password's, at the cost that the hash names.

        Raises argon2's InvalidHashError where it is no argon2 hash at all.
        """
        try:
            return self._argon2.verify(password_hash, password)
        except VerifyMismatchError:
            return False


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).rstrip(b"=").decode()
