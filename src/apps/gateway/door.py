"""What stands before registering and signing in, which anybody may try."""

from apps.gateway.account_limit import AccountLimit
from apps.gateway.client_address import TrustedProxies
from apps.gateway.rate_limit import RateLimit
from apps.gateway.reading import HttpRequest
from tradex_core.events.user import normalised_email


class Door:
    """Counts by where a request comes from, then by the account that it is about."""

    def __init__(
        self, by_address: RateLimit, by_account: AccountLimit, proxies: TrustedProxies
    ) -> None:
        self._by_address = by_address
        self._by_account = by_account
        self._proxies = proxies

    async def admit(self, request: HttpRequest, email: str) -> None:
        """Let a request in; raises TooManyRequests, and Outage where it cannot be counted."""
        network = self._proxies.network_of(request.scope)
        self._by_address.check(request.scope, network)
        await self._by_account.check(request.scope, normalised_email(email), network)
