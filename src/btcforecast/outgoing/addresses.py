"""Which addresses may be asked: public unicast ones, and the networks that the operator names.

Names are resolved here and nowhere else on the way out, so that what was judged is what is connected to. What a name is written like
(digits, octal, hexadecimal) does not matter, because the judgement is about what the system makes of it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Awaitable[list[Address]]]
"""Gives the addresses of a host; none where there are none."""

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in its last 32 bits, as networks without IPv4 resolve it."""
_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
"""All that IANA has given out to be reached from everywhere."""
_SPECIAL: Final[tuple[Network, ...]] = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "2001::/23",  # protocol assignments: Teredo, benchmarks, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which wraps any IPv4 address
        "3fff::/20",  # documentation, RFC 9637
    )
)


def is_public(address: Address) -> bool:
    """Say whether anybody on the internet can be reached at the address (IANA special-purpose registries, RFC 6890)."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in _UNICAST or address.scope_id is not None:
            return False
    return address.is_global and not address.is_multicast and not any(address in network for network in _SPECIAL)


async def system_resolver(host: str, port: int) -> list[Address]:
    """Return every address that the system knows for a host, in the system's order."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(ipaddress.ip_address(str(where[0])) for *_, where in found))


async def addresses_of(host: str, port: int, *, resolve: Resolver, allowed: Collection[Network] = ()) -> list[Address]:
    """Return the addresses of a host to connect to; empty where it has none, or one that may not be asked."""
    found = await resolve(host, port)
    may = all(is_public(address) or any(address in network for network in allowed) for address in found)
    return found if may else []
