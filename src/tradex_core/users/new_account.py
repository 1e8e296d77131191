"""What registering and creating an admin share: an account that is nobody else's."""

from tradex_core.clock import Clock
from tradex_core.events.user import RegisterUser, Role, normalised_email
from tradex_core.ids import MessageId, UserId, derived_uuid7
from tradex_core.users.email_address import check_address
from tradex_core.users.errors import EmailTaken, UserIdTaken
from tradex_core.users.ports import Users
from tradex_core.users.prepare_password import PreparedPassword
from tradex_core.users.user import User


def new_account(
    command: RegisterUser,
    *,
    role: Role,
    message_id: MessageId,
    prepared: PreparedPassword,
    users: Users,
    clock: Clock,
) -> User:
    """Add an account; its id is the command's, or else derived from the message's.

    Raises EmailTaken, UserIdTaken, and InvalidInput where the address is not acceptable.
    """
    check_address(command.email)
    email, now = normalised_email(command.email), clock.now()
    if users.by_email(email) is not None:
        raise EmailTaken.of(email)
    if command.user_id is None:
        user_id = UserId(derived_uuid7(message_id, "user", at=now))
    else:
        user_id = UserId(command.user_id)
        _require_new(user_id, users)
    user = User.register(
        user_id=user_id,
        email=email,
        name=command.name,
        role=role,
        password_hash=prepared.hash,
        at=now,
    )
    users.add(user)
    return user


def _require_new(user_id: UserId, users: Users) -> None:
    if users.find(user_id) is not None:
        raise UserIdTaken.of(user_id)
