"""Which e-mail addresses an account may have: no two that look the same by being written oddly."""

from typing import Final
from unicodedata import is_normalized

from tradex_core.errors import InvalidInput
from tradex_core.events.user import normalised_email

_MAX: Final = 255


def check_address(email: str) -> None:
    """Raise InvalidInput, saying what to change, where an address is not acceptable.

    In its normalised spelling it must fit its column, show all of its characters, and be in
    Unicode's form NFKC: full-width letters, ligatures and loose accents have a plainer spelling.
    Letters of several alphabets that look alike are different letters.
    """
    address = normalised_email(email)
    if len(address) > _MAX:
        msg = f"in lower case the e-mail address is longer than {_MAX} characters"
        raise InvalidInput(msg)
    if not address.isprintable() or not is_normalized("NFKC", address):
        msg = "the e-mail address has characters that cannot be seen, or a plainer spelling (NFKC)"
        raise InvalidInput(msg)
