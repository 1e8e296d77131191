"""Which passwords are accepted: long enough and not easily guessed, whatever they are made of.

After NIST SP 800-63B, revision 3, section 5.1.1.2: a blocklist, and no rules of composition.
"""

from typing import Final

from tradex_core.events.user import normalised_email
from tradex_core.users.common_passwords import COMMON_PASSWORDS
from tradex_core.users.errors import WeakPassword

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 128
"""In characters (Unicode code points), not bytes."""


def check_password(password: str, *, email: str, name: str) -> None:
    """Raise WeakPassword, saying what to change and never the password, unless it is accepted.

    Between 8 and 128 characters are, without NUL, unless they are a common password, the e-mail
    address, what stands before its @, or the name; upper and lower case count the same for that.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        msg = f"use {MIN_LENGTH} to {MAX_LENGTH} characters"
        raise WeakPassword(msg)
    if "\0" in password:
        msg = "use no NUL character"
        raise WeakPassword(msg)
    guess = password.casefold()
    if guess in COMMON_PASSWORDS:
        msg = "this is one of the most common passwords; use another, such as four random words"
        raise WeakPassword(msg)
    if guess in _personal(email, name):
        msg = "use something else than your e-mail address or your name"
        raise WeakPassword(msg)


def _personal(email: str, name: str) -> set[str]:
    address = normalised_email(email).casefold()
    return {address, address.partition("@")[0], name.strip().casefold()}
