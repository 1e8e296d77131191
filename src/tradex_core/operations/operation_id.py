"""Operation ids that prove who was given them, so that no write per command is needed."""

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Final

from tradex_core.clock import Clock, epoch_ms
from tradex_core.events.reply import OUTCOMES_KEPT
from tradex_core.ids import Entropy, OperationId, uuid7, uuid7_random_bits, uuid7_time
from tradex_core.key_rings import KeyRing

_NONCE_BITS = 26
_PROOF_BITS = 48
_PROOF_MASK = (1 << _PROOF_BITS) - 1
ANONYMOUS: Final = "anonymous"
"""The owner of what nobody who is signed in asked for."""


class OperationIds:
    """Issues and recognises operation ids: UUIDv7 whose random bits are partly a keyed digest.

    The 48-bit digest (HMAC-SHA256) covers the id's time, its 26-bit nonce, its owner and its
    command, so every replica with the key can tell an id that was issued, and to whom. Of a ring's
    keys it is the one that was used at the id's time.
    """

    def __init__(self, key: bytes, *, clock: Clock, entropy: Entropy) -> None:
        self._clock = clock
        self._entropy = entropy
        self.use(KeyRing.of(key))

    def use(self, ring: KeyRing) -> None:
        """Go by these keys from now on."""
        self._ring = ring
        self._macs = {each: hmac.new(each.key, digestmod=sha256) for each in ring.keys}

    def issue(self, *, owner: str, command: str) -> OperationId:
        """Return a new id for a command that the owner asks for."""
        at, nonce = self._clock.now(), self._entropy.bits(_NONCE_BITS)
        proof = self._proof(at, nonce, owner, command)
        return OperationId(uuid7(at=at, random_bits=nonce << _PROOF_BITS | proof))

    def recognise(
        self, operation_id: OperationId, *, owner: str, commands: Sequence[str]
    ) -> str | None:
        """Return which command the id was issued for; None where it was never issued to the owner.

        So is it where it was issued longer than OUTCOMES_KEPT ago: its outcome may be forgotten,
        and nobody is to be told that it is pending. Raises ValueError where it is not a UUID.
        """
        bits = uuid7_random_bits(operation_id)
        try:
            at = uuid7_time(operation_id)
        except OverflowError:  # a time that no clock has shown
            return None
        is_past = at < self._clock.now() - OUTCOMES_KEPT
        if is_past or uuid7(at=at, random_bits=bits) != operation_id:
            return None
        nonce, proof = bits >> _PROOF_BITS, bits & _PROOF_MASK
        for command in commands:
            expected = self._proof(at, nonce, owner, command).to_bytes(8)
            if hmac.compare_digest(expected, proof.to_bytes(8)):
                return command
        return None

    def _proof(self, at: datetime, nonce: int, owner: str, command: str) -> int:
        text = f"{epoch_ms(at)}\n{nonce}\n{command}\n{owner}"
        mac = self._macs[self._ring.at(at)].copy()
        mac.update(text.encode())
        return int.from_bytes(mac.digest()[:8]) & _PROOF_MASK
