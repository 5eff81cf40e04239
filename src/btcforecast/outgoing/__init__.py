"""The one way out to addresses that users supply: to public addresses only, within bounds, and not rebound on the way."""

from btcforecast.outgoing.addresses import Address, Network, Resolver, addresses_of, is_public, system_resolver
from btcforecast.outgoing.client import Bounds, GuardedClient, Reply

__all__ = ["Address", "Bounds", "GuardedClient", "Network", "Reply", "Resolver", "addresses_of", "is_public", "system_resolver"]
