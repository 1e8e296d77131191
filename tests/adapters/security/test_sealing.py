import base64
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from msgspec.structs import replace

from adapters.security.key_text import format_ring, key_id
from adapters.security.sealing import (
    HpkeSealer,
    HpkeUnsealer,
    generate_key_pair,
    public_ring,
    sealing_key_id,
)
from tradex_core.events import codec
from tradex_core.events.user import RegisterUser, SealedPassword
from tradex_core.key_rings import KeyRing
from tradex_core.users.errors import SealBroken

PASSWORD = "plum-Tram-42-quiet"
COMMAND_ID = "018d0c1e-8a00-7000-8000-0000000000a1"
KEYS = generate_key_pair()
SEALER = HpkeSealer.from_text(KEYS.public)
UNSEALER = HpkeUnsealer.from_text(KEYS.private)


def sealed_raw(plain: bytes, context: str = COMMAND_ID) -> SealedPassword:
    """Seal with the bare algorithm, as a client in another language would."""
    key = X25519PrivateKey.from_private_bytes(base64.b64decode(KEYS.private)).public_key()
    suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_128_GCM)
    sealed = base64.b64encode(suite.encrypt(plain, key, info=context.encode())).decode()
    return SealedPassword(sealed=sealed, kid=key_id(key.public_bytes_raw()))


@pytest.mark.parametrize("password", [PASSWORD, "", "x", "🦀" * 128, "ñ" * 64, "y" * 128])
def test_a_sealed_password_is_opened_again(password: str) -> None:
    assert password == UNSEALER.unseal(SEALER.seal(password, COMMAND_ID), COMMAND_ID)


def test_a_sealed_password_shows_neither_itself_nor_its_length() -> None:
    sealed = SEALER.seal(PASSWORD, COMMAND_ID)
    assert PASSWORD.encode() not in base64.b64decode(sealed.sealed)
    assert len(sealed.sealed) == len(SEALER.seal("short-pw", COMMAND_ID).sealed)


def test_the_same_password_is_sealed_differently_each_time() -> None:
    assert SEALER.seal(PASSWORD, COMMAND_ID) != SEALER.seal(PASSWORD, COMMAND_ID)


def test_the_longest_password_fits_the_command() -> None:
    command = RegisterUser(
        email="ana@example.com", password=SEALER.seal("🦀" * 128, COMMAND_ID), name="Ana"
    )
    assert command == codec.decode(codec.encode(command), RegisterUser)


def test_a_password_sealed_without_filling_is_opened_too() -> None:
    assert PASSWORD == UNSEALER.unseal(sealed_raw(PASSWORD.encode()), COMMAND_ID)


def test_a_password_is_opened_for_the_command_only_that_it_was_sealed_for() -> None:
    sealed = SEALER.seal(PASSWORD, COMMAND_ID)
    for context in ("018d0c1e-8a00-7000-8000-0000000000a2", "", COMMAND_ID.upper() + " "):
        with pytest.raises(SealBroken):
            UNSEALER.unseal(sealed, context)


def test_nobody_else_opens_it_even_under_the_same_key_id() -> None:
    sealed = SEALER.seal(PASSWORD, COMMAND_ID)
    other = HpkeUnsealer({sealed.kid: X25519PrivateKey.generate()})
    with pytest.raises(SealBroken):
        other.unseal(sealed, COMMAND_ID)


def test_an_unknown_key_id_is_named() -> None:
    sealed = replace(SEALER.seal(PASSWORD, COMMAND_ID), kid="another")
    with pytest.raises(SealBroken, match="'another'"):
        UNSEALER.unseal(sealed, COMMAND_ID)


def test_a_changed_byte_anywhere_breaks_the_seal() -> None:
    sealed = SEALER.seal(PASSWORD, COMMAND_ID)
    cipher = base64.b64decode(sealed.sealed)
    for index in range(len(cipher)):
        changed = bytearray(cipher)
        changed[index] ^= 1
        forged = replace(sealed, sealed=base64.b64encode(changed).decode())
        with pytest.raises(SealBroken):
            UNSEALER.unseal(forged, COMMAND_ID)


@pytest.mark.parametrize("text", ["", "AAAA", "not base64!", "é", "A" * 2048, "====", "AA\nAA"])
def test_what_was_never_sealed_breaks_nothing_but_the_seal(text: str) -> None:
    sealed = replace(SEALER.seal(PASSWORD, COMMAND_ID), sealed=text)
    with pytest.raises(SealBroken):
        UNSEALER.unseal(sealed, COMMAND_ID)


def test_a_password_that_is_no_text_is_refused_and_not_even_the_cause_holds_it() -> None:
    with pytest.raises(SealBroken) as broken:
        UNSEALER.unseal(sealed_raw(b"plum-Tram-42\xff"), COMMAND_ID)
    assert "plum" not in str(broken.value)
    assert broken.value.__cause__ is None
    assert broken.value.__context__ is None


def test_former_keys_still_open_what_was_sealed_to_them() -> None:
    newer = generate_key_pair()
    ring = HpkeUnsealer.from_text(f"{newer.private}, {KEYS.private}")
    for sealer in (SEALER, HpkeSealer.from_text(newer.public)):
        assert PASSWORD == ring.unseal(sealer.seal(PASSWORD, COMMAND_ID), COMMAND_ID)


def test_a_key_pair_does_not_show_its_private_key() -> None:
    assert KEYS.private not in repr(KEYS)


@pytest.mark.parametrize(
    "text",
    ["", "secret-key-that-is-none", "c2hvcnQ=", f"{KEYS.public},"],
    ids=["nothing", "no base64", "too short", "an empty second"],
)
def test_what_are_no_keys_is_refused_without_being_shown(text: str) -> None:
    for read in (HpkeSealer.from_text, HpkeUnsealer.from_text):
        with pytest.raises(ValueError, match="32 bytes in base64") as refused:
            read(text)
        assert not text or text not in str(refused.value)


def test_the_first_public_key_is_sealed_to() -> None:
    newer = generate_key_pair()
    sealer = HpkeSealer.from_text(f"{newer.public},{KEYS.public}")
    assert sealer.seal(PASSWORD, COMMAND_ID).kid != SEALER.seal(PASSWORD, COMMAND_ID).kid
    only_newer = HpkeUnsealer.from_text(newer.private)
    assert PASSWORD == only_newer.unseal(sealer.seal(PASSWORD, COMMAND_ID), COMMAND_ID)


def test_the_public_ring_is_enough_to_seal_and_names_the_same_keys() -> None:
    ring = KeyRing.of(secrets.token_bytes(32), secrets.token_bytes(32))
    sealed = HpkeSealer(public_ring(ring)).seal(PASSWORD, COMMAND_ID)
    assert sealing_key_id(ring.keys[0].key) == sealed.kid
    assert PASSWORD == HpkeUnsealer.from_text(format_ring(ring)).unseal(sealed, COMMAND_ID)


def test_once_a_key_is_destroyed_nothing_that_was_sealed_to_it_can_be_opened() -> None:
    old, new = secrets.token_bytes(32), secrets.token_bytes(32)
    unsealer = HpkeUnsealer.from_text(format_ring(KeyRing.of(new, old)))
    sealed = HpkeSealer(public_ring(KeyRing.of(old))).seal(PASSWORD, COMMAND_ID)
    assert PASSWORD == unsealer.unseal(sealed, COMMAND_ID)
    unsealer.use(KeyRing.of(new))
    with pytest.raises(SealBroken, match="once it is destroyed"):
        unsealer.unseal(sealed, COMMAND_ID)
