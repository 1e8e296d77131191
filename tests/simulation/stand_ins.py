"""Cheap, repeatable stand-ins for what is slow or random in cryptography; each keeps its promise.

The real ones are tested where they live; here ten thousand runs have to repeat to the byte.
"""

import base64
import random
from functools import cache
from hashlib import sha256

from adapters.security.token_keys import AccessTokenKeys
from tradex_core.events.user import SealedPassword
from tradex_core.users.errors import SealBroken

_KID = "simulated"


class SeededEntropy:
    """Draws from a stream of the plan."""

    def __init__(self, stream: random.Random) -> None:
        self._stream = stream

    def bits(self, count: int) -> int:
        """Return a number of at most `count` bits that the seed decides."""
        return self._stream.getrandbits(count)


class QuickHasher:
    """Hashes passwords by one SHA-256."""

    decoy = "quick$"

    def hash(self, password: str) -> str:
        """Return the password's hash."""
        return "quick$" + sha256(password.encode()).hexdigest()

    def verify(self, password_hash: str, password: str) -> bool:
        """Return whether the hash is this password's."""
        return password_hash == self.hash(password)


class QuickSeal:
    """Hides a password from whoever does not know the scheme, for one command."""

    def seal(self, password: str, context: str) -> SealedPassword:
        """Seal a password for one command."""
        plain = password.encode().ljust(128, b"\0")
        sealed = bytes(a ^ b for a, b in zip(plain, _pad(context), strict=True))
        return SealedPassword(sealed=base64.b64encode(sealed).decode(), kid=_KID)

    def unseal(self, sealed: SealedPassword, context: str) -> str:
        """Return the password; raises SealBroken."""
        try:
            data = base64.b64decode(sealed.sealed, validate=True)
            plain = bytes(a ^ b for a, b in zip(data, _pad(context), strict=True))
            return plain.rstrip(b"\0").decode()
        except ValueError:
            pass
        msg = "the password was sealed for another command, or is damaged"
        raise SealBroken(msg)


def _pad(context: str) -> bytes:
    return b"".join(sha256(f"{context}/{part}".encode()).digest() for part in range(4))


@cache
def token_keys() -> AccessTokenKeys:
    """Return the signing keys of every run."""
    return AccessTokenKeys.from_text(base64.b64encode(bytes(32)).decode())
