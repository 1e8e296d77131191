"""Which use case handles which message of the auth service."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from msgspec.structs import replace

from tradex_core.clock import Clock
from tradex_core.errors import Refused
from tradex_core.events import topics
from tradex_core.events.user import (
    DeactivateUser,
    EndSession,
    LoginUser,
    RefreshSession,
    RegisterUser,
    UserDocument,
)
from tradex_core.ids import SessionId, derived_uuid7
from tradex_core.messaging.routes import Context, Handler, Routes
from tradex_core.messaging.unit_of_work import UnitOfWork
from tradex_core.users.deactivate_user import deactivate_user
from tradex_core.users.log_in import log_in
from tradex_core.users.log_out import log_out
from tradex_core.users.needs import (
    needs_of_deactivation,
    needs_of_login,
    needs_of_registration,
    needs_of_session,
)
from tradex_core.users.ports import (
    PasswordHasher,
    PasswordUnsealer,
    Sessions,
    UserDirectory,
    Users,
)
from tradex_core.users.prepare_password import (
    PasswordVerdict,
    PreparedPassword,
    prepare_login,
    prepare_registration,
)
from tradex_core.users.refresh_session import refresh_session
from tradex_core.users.register_user import register_user

R = TypeVar("R")

PUBLISHES: Final = (topics.USER_REGISTERED,)
"""The topics of the events that the auth service tells."""


class AuthUnit(UnitOfWork, Protocol):
    """A unit of work on the auth service's database."""

    @property
    def users(self) -> Users:
        """The users that were loaded."""
        ...

    @property
    def sessions(self) -> Sessions:
        """The sessions that were loaded."""
        ...


@dataclass(frozen=True, kw_only=True)
class AuthHandlers:
    """The handlers and what they work with.

    Passwords are hashed on the executor's threads, unless nobody waits any more when one is free.
    """

    directory: UserDirectory
    hasher: PasswordHasher
    unsealer: PasswordUnsealer
    executor: Executor
    clock: Clock
    plaintext_allowed: bool

    def routes(self) -> Routes[AuthUnit]:
        """Return everything that the auth service handles."""
        return Routes(
            commands={
                RegisterUser: Handler(
                    payload=RegisterUser,
                    needs=lambda command, context: needs_of_registration(_named(command, context)),
                    prepare=self._prepare_registration,
                    handle=self._register,
                ),
                LoginUser: Handler(
                    payload=LoginUser,
                    needs=lambda command, _: needs_of_login(command),
                    prepare=self._prepare_login,
                    handle=self._log_in,
                ),
                RefreshSession: Handler(
                    payload=RefreshSession,
                    needs=lambda command, _: needs_of_session(command),
                    prepare=self._find_session_user,
                    handle=self._refresh,
                ),
                EndSession: Handler(
                    payload=EndSession,
                    needs=lambda command, _: needs_of_session(command),
                    handle=self._log_out,
                ),
                DeactivateUser: Handler(
                    payload=DeactivateUser,
                    needs=lambda command, _: needs_of_deactivation(command),
                    handle=self._deactivate,
                ),
            }
        )

    async def _prepare_registration(
        self, command: RegisterUser, context: Context
    ) -> PreparedPassword:
        return await self._in_thread(
            lambda: prepare_registration(
                command,
                context.given_id,
                unsealer=self.unsealer,
                hasher=self.hasher,
                plaintext_allowed=self.plaintext_allowed,
            ),
            context,
        )

    async def _prepare_login(self, command: LoginUser, context: Context) -> PasswordVerdict:
        user = await self.directory.find_by_email(command.key)
        return await self._in_thread(
            lambda: prepare_login(
                command,
                context.given_id,
                user,
                unsealer=self.unsealer,
                hasher=self.hasher,
                plaintext_allowed=self.plaintext_allowed,
            ),
            context,
        )

    async def _find_session_user(self, command: RefreshSession, _context: Context) -> object:
        return await self.directory.find_by_session(SessionId(command.session_id))

    async def _in_thread(self, work: Callable[[], R], context: Context) -> R:
        def in_its_turn() -> R:
            context.require_in_time(self.clock.now())
            return work()

        return await asyncio.get_running_loop().run_in_executor(self.executor, in_its_turn)

    def _register(self, unit: AuthUnit, command: RegisterUser, context: Context) -> UserDocument:
        user = register_user(
            _named(command, context),
            message_id=context.message_id,
            prepared=context.prepared,
            users=unit.users,
            clock=self.clock,
        )
        return user.document()

    def _log_in(self, unit: AuthUnit, command: LoginUser, context: Context) -> UserDocument:
        user = log_in(
            command,
            verdict=context.prepared,
            users=unit.users,
            sessions=unit.sessions,
            clock=self.clock,
        )
        return user.document()

    def _refresh(
        self, unit: AuthUnit, command: RefreshSession, context: Context
    ) -> UserDocument | Refused:
        user = refresh_session(
            command,
            sent_at=context.sent_at,
            user=context.prepared,
            sessions=unit.sessions,
            clock=self.clock,
        )
        return user if isinstance(user, Refused) else user.document()

    def _log_out(self, unit: AuthUnit, command: EndSession, _context: Context) -> None:
        log_out(command, sessions=unit.sessions, clock=self.clock)

    def _deactivate(
        self, unit: AuthUnit, command: DeactivateUser, context: Context
    ) -> UserDocument:
        user = deactivate_user(command, users=unit.users, actor=context.actor, clock=self.clock)
        return user.document()


def _named(command: RegisterUser, context: Context) -> RegisterUser:
    """Return the command with a user id: its own, or one derived from the message."""
    if command.user_id is not None:
        return command
    user_id = derived_uuid7(context.message_id, "user", at=context.sent_at)
    return replace(command, user_id=user_id)
