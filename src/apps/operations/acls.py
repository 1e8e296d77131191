"""Grants the rights that are missing at the broker, and tells who else has which."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Protocol

from tradex_core.events.fields import Wire
from tradex_core.messaging.rights import Right


class Acls(Protocol):
    """What a broker lets whom do."""

    async def missing(self, rights: Iterable[Right]) -> Sequence[Right]:
        """Return those that it does not grant; raises Outage."""
        ...

    async def grant(self, rights: Iterable[Right]) -> None:
        """Grant rights; a repeat changes nothing. Raises Outage."""
        ...

    async def surplus(self, rights: Iterable[Right]) -> Sequence[str]:
        """Return a sentence with its remedy for each grant or ban beside these.

        Those count that are about the topics and groups of these rights, or about who has them.
        Raises Outage.
        """
        ...


class State(StrEnum):
    """What came of a right."""

    GRANTED = "granted"
    MISSING = "missing"
    UNCHANGED = "unchanged"


class RightReport(Wire, frozen=True):
    """A right, and what came of it."""

    right: Right
    state: State


class AclReport(Wire, frozen=True):
    """Every right, and a sentence for everything that is granted or banned beside them."""

    rights: tuple[RightReport, ...]
    surplus: tuple[str, ...]


async def apply_acls(acls: Acls, rights: Iterable[Right], *, dry_run: bool = False) -> AclReport:
    """Grant what is missing, take nothing away, and report on all; a repeat changes nothing.

    A dry run only reports. Raises Outage; then some may have been granted.
    """
    wanted = tuple(rights)
    missing = await acls.missing(wanted)
    if missing and not dry_run:
        await acls.grant(missing)
    came = State.MISSING if dry_run else State.GRANTED
    states = dict.fromkeys(wanted, State.UNCHANGED) | dict.fromkeys(missing, came)
    reports = tuple(RightReport(right, state) for right, state in states.items())
    return AclReport(reports, tuple(await acls.surplus(wanted)))
