"""Create an admin."""

from tradex_core.clock import Clock
from tradex_core.events.user import RegisterUser, Role
from tradex_core.ids import MessageId
from tradex_core.users.new_account import new_account
from tradex_core.users.ports import Users
from tradex_core.users.prepare_password import PreparedPassword
from tradex_core.users.user import User


def create_admin(
    command: RegisterUser,
    *,
    message_id: MessageId,
    prepared: PreparedPassword,
    users: Users,
    clock: Clock,
) -> User:
    """Make an account for an admin, whatever role the command names.

    For operators at the command line only: no message leads here. Raises EmailTaken, UserIdTaken
    and InvalidInput.
    """
    return new_account(
        command,
        role=Role.ADMIN,
        message_id=message_id,
        prepared=prepared,
        users=users,
        clock=clock,
    )
