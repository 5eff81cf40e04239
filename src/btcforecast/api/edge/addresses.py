"""Whose request it is."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Final

from btcforecast.core.errors import SettingsError

_MOST_KEPT: Final = 10_000
_UNKNOWN: Final = "unknown"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Addresses:
    """Finds the client's address, and the key under which its requests are counted."""

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted: Final = tuple(_network(text) for text in trusted_proxies)
        self._keys: dict[str, str] = {}

    def key(self, peer: str | None, forwarded_for: str | None) -> str:
        """Return the key of whoever asks: an IPv4 address or an IPv6 /64, which is what one subscriber has.

        forwarded_for: X-Forwarded-For, believed only from the right and only as far as the proxies are trusted.
        """
        if peer is None:
            return _UNKNOWN
        if not self._trusted or forwarded_for is None:
            return self._key(peer)
        hops = [*(part.strip() for part in forwarded_for.split(",")), peer]
        while len(hops) > 1 and self._is_trusted(hops[-1]):
            hops.pop()
        return self._key(hops[-1])

    def has_come_in_the_clear(self, peer: str | None, forwarded_proto: bytes | None) -> bool:
        """Say whether a trusted proxy tells that the client reached it without TLS; nobody else is believed."""
        return forwarded_proto is not None and forwarded_proto.lower() == b"http" and peer is not None and self._is_trusted(peer)

    def _key(self, text: str) -> str:
        found = self._keys.get(text)
        if found is None:
            found = _key_of(text)
            if len(self._keys) >= _MOST_KEPT:
                self._keys.clear()
            self._keys[text] = found
        return found

    def _is_trusted(self, text: str) -> bool:
        address = _parsed(text)
        return address is not None and any(address in network for network in self._trusted)


def _key_of(text: str) -> str:
    address = _parsed(text)
    if address is None:
        return _UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        return f"{ipaddress.ip_network((address, 64), strict=False).network_address}/64"
    return str(address)


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError as e:
        message = f"TRUSTED_PROXIES holds “{text}”; write addresses or networks such as 10.0.0.0/8."
        raise SettingsError(message) from e
