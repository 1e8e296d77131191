"""What stands before registering and signing in, which anybody may try."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from apps.gateway.account_limit import AccountLimit
from apps.gateway.client_address import TrustedProxies
from apps.gateway.rate_limit import RateLimit
from apps.gateway.reading import HttpRequest
from tradex_core.events.user import normalised_email
from tradex_core.operations.bulkhead import Bulkhead


class Door:
    """Counts by where a request comes from, finds it a place, then counts by the account.

    So a flood costs the database nothing, and who finds no place has not used up their turn.
    """

    def __init__(
        self,
        by_address: RateLimit,
        by_account: AccountLimit,
        proxies: TrustedProxies,
        room: Bulkhead,
    ) -> None:
        self._by_address = by_address
        self._by_account = by_account
        self._proxies = proxies
        self._room = room

    @asynccontextmanager
    async def admitted(self, request: HttpRequest, email: str) -> AsyncIterator[None]:
        """Let a request in, which keeps its place until it leaves.

        Raises TooManyRequests, Unavailable where there is no place, and Outage where it cannot be
        counted.
        """
        network = self._proxies.network_of(request.scope)
        self._by_address.check(request.scope, network)
        with self._room.place():
            await self._by_account.check(request.scope, normalised_email(email), network)
            yield
