"""Brings an app's database to what the code wants, and tells whether it is there."""

from collections.abc import Sequence
from typing import Protocol

from tradex_core.events.fields import Wire


class Upgraded(Wire, frozen=True):
    """Where a database was and is; None: at no revision, as every one is that needs none."""

    before: str | None
    after: str | None
    changed: bool


class Migrations(Protocol):
    """The set-up of one app's database."""

    async def upgrade(self) -> Upgraded:
        """Do what is missing; a repeat changes nothing. Raises Outage."""
        ...

    async def problems(self) -> Sequence[str]:
        """Return a sentence for everything that is not as the code wants it; raises Outage."""
        ...
