"""Register a user."""

from tradex_core.clock import Clock
from tradex_core.events.user import RegisterUser, Role
from tradex_core.ids import MessageId
from tradex_core.users.errors import RoleNotAllowed
from tradex_core.users.new_account import new_account
from tradex_core.users.ports import Users
from tradex_core.users.prepare_password import PreparedPassword
from tradex_core.users.user import User


def register_user(
    command: RegisterUser,
    *,
    message_id: MessageId,
    prepared: PreparedPassword,
    users: Users,
    clock: Clock,
) -> User:
    """Make an account for a buyer or a seller.

    Raises RoleNotAllowed for an admin's, whoever asks, EmailTaken, UserIdTaken and InvalidInput.
    """
    if command.role is Role.ADMIN:
        raise RoleNotAllowed.of(command.role)
    return new_account(
        command,
        role=command.role,
        message_id=message_id,
        prepared=prepared,
        users=users,
        clock=clock,
    )
