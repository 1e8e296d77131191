"""Admins' accounts, which no message can make: an operator does, next to the auth service."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from apps.auth.handlers import AuthHandlers, AuthUnit
from tradex_core.errors import InvalidInput, Undecodable
from tradex_core.events import codec
from tradex_core.events.user import RegisterUser, UserDocument
from tradex_core.ids import MessageId, uuid7
from tradex_core.messaging.dispatch import Means
from tradex_core.messaging.outgoing import Cause, messages_of
from tradex_core.users.create_admin import create_admin
from tradex_core.users.needs import needs_of_registration
from tradex_core.users.prepare_password import prepare_registration

_RANDOM_BITS = 74


@dataclass(frozen=True, kw_only=True)
class AdminAccounts:
    """Makes admins in the auth service's database; the outbox then tells everybody."""

    units: Callable[[], AuthUnit]
    handlers: AuthHandlers
    means: Means
    source: str

    async def create(self, *, email: str, name: str, password: str) -> UserDocument:
        """Make an account; raises a Refusal (EmailTaken, WeakPassword, InvalidInput), or Outage."""
        now = self.means.clock.now()
        user_id = uuid7(at=now, random_bits=self.means.entropy.bits(_RANDOM_BITS))
        cause = Cause(MessageId(f"create-admin/{user_id}"), correlation_id=user_id)
        command = _checked(email=email, name=name, password=password, userId=user_id)
        prepared = await asyncio.get_running_loop().run_in_executor(
            self.handlers.executor,
            partial(
                prepare_registration,
                command,
                cause.id,
                unsealer=self.handlers.unsealer,
                hasher=self.handlers.hasher,
                plaintext_allowed=True,
            ),
        )
        async with self.units() as unit:
            await unit.load(needs_of_registration(command))
            user = create_admin(
                command,
                message_id=cause.id,
                prepared=prepared,
                users=unit.users,
                clock=self.means.clock,
            )
            unit.publish(messages_of(unit.collect(), cause=cause, source=self.source, at=now))
            await unit.commit()
        return user.document()


def _checked(**fields: str) -> RegisterUser:
    try:
        return codec.from_builtins(fields, RegisterUser)
    except Undecodable as error:
        raise InvalidInput(str(error)) from error
