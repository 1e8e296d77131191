"""The slow part of registering and logging in, for a worker thread, before the transaction."""

from dataclasses import dataclass, field

from tradex_core.events.user import LoginUser, RegisterUser, SealedPassword
from tradex_core.ids import MessageId, UserId
from tradex_core.users.errors import PlaintextPassword
from tradex_core.users.password_policy import check_password
from tradex_core.users.ports import PasswordHasher, PasswordUnsealer
from tradex_core.users.user import UserState


@dataclass(frozen=True, kw_only=True)
class PreparedPassword:
    """The hash of an acceptable password."""

    hash: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PasswordVerdict:
    """Whether a password was right, and what it was checked against: a user and their hash.

    Without a user it was checked against a decoy and does not match.
    """

    user_id: UserId | None
    password_hash: str = field(repr=False)
    matches: bool


def prepare_registration(
    command: RegisterUser,
    message_id: MessageId,
    *,
    unsealer: PasswordUnsealer,
    hasher: PasswordHasher,
    plaintext_allowed: bool,
) -> PreparedPassword:
    """Read a new account's password, check it against the policy and hash it.

    Raises PlaintextPassword and WeakPassword before the hash is made, and SealBroken where the
    password was not sealed for the message.
    """
    password = _read(command.password, message_id, unsealer, plaintext_allowed=plaintext_allowed)
    check_password(password, email=command.email, name=command.name)
    return PreparedPassword(hash=hasher.hash(password))


def prepare_login(
    command: LoginUser,
    message_id: MessageId,
    user: UserState | None,
    *,
    unsealer: PasswordUnsealer,
    hasher: PasswordHasher,
    plaintext_allowed: bool,
) -> PasswordVerdict:
    """Read a password and check it against the user's hash, as last committed.

    Without a user it is checked against a decoy, so that both cost the same. Raises
    PlaintextPassword, and SealBroken where the password was not sealed for the message.
    """
    password = _read(command.password, message_id, unsealer, plaintext_allowed=plaintext_allowed)
    password_hash = hasher.decoy if user is None else user.password_hash
    matches = hasher.verify(password_hash, password)
    return PasswordVerdict(
        user_id=None if user is None else user.user_id,
        password_hash=password_hash,
        matches=matches and user is not None,
    )


def _read(
    password: SealedPassword | str,
    message_id: MessageId,
    unsealer: PasswordUnsealer,
    *,
    plaintext_allowed: bool,
) -> str:
    if isinstance(password, SealedPassword):
        return unsealer.unseal(password, message_id)
    if not plaintext_allowed:
        raise PlaintextPassword
    return password
