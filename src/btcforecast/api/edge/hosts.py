"""Whether a request is meant for this service: its Host header (RFC 9110, section 7.2)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

_HOST: Final = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
_LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
_MOST_KEPT: Final = 1_000
BY_ADDRESS: Final = ("/health", "/metrics")
"""Load balancers and monitors ask single machines by their addresses; nothing here depends on the name."""


def own_names(*, public_url: str, host: str, allowed: Iterable[str]) -> frozenset[str]:
    """Return the names of this service: ALLOWED_HOSTS, PUBLIC_URL's, HOST, and what a machine calls itself."""
    public = urlsplit(public_url).hostname or ""
    return frozenset({*allowed, *(f"[{name}]" if ":" in name else name for name in (public, host.lower())), *_LOOPBACK})


class Hosts:
    """The names under which this service answers.

    A page of somebody else's that has its own name point here (DNS rebinding), and a proxy or cache that is led astray, get nothing.
    allows_addresses: also answers to every address written in digits, which no foreign page can have as its name.
    """

    def __init__(self, names: Iterable[str], *, allows_addresses: bool) -> None:
        self._names: Final = frozenset(names)
        self._allows_addresses: Final = allows_addresses
        self._met: set[bytes] = set()

    def fault(self, found: bytes | None, *, n_found: int) -> tuple[int, str] | None:
        """Return the status and sentence of a refusal, or None.

        A Host that is missing, doubled or malformed is 400 (RFC 9112, section 3.2), a foreign one 421 (RFC 9110, section 15.5.20).
        """
        if found in self._met and n_found == 1:
            return None
        if found is None or n_found != 1:
            return 400, "There must be exactly one Host header."
        match = _HOST.fullmatch(found.decode("latin-1").lower())
        if match is None:
            return 400, "The Host header is not the name of a host."
        if not self._is_ours(match[1].rstrip(".")):
            return 421, f"This service is not “{match[1][:80]}”; ask it by its own name."
        if len(self._met) < _MOST_KEPT:
            self._met.add(found)
        return None

    def _is_ours(self, name: str) -> bool:
        if name in self._names:
            return True
        if not self._allows_addresses:
            return False
        try:
            ipaddress.ip_address(name.strip("[]"))
        except ValueError:
            return False
        return True
