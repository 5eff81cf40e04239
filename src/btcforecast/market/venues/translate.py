"""ccxt's errors, addresses and answers in our words."""

from __future__ import annotations

import re
from typing import Any, Final

from btcforecast.market.faults import Fault, Kind

_HOST: Final = re.compile(r"^(https?|wss?)://[^/]+")
_KINDS: Final[tuple[tuple[str, Kind, str], ...]] = (
    # Names from ccxt's error tree, children before parents.
    ("BadSymbol", "refused", "it does not know the symbol"),
    ("BadRequest", "refused", "it rejects the request"),
    ("NotSupported", "refused", "it does not offer this"),
    ("AuthenticationError", "refused", "it wants an account for this"),
    ("RequestTimeout", "timeout", "it does not answer in time"),
    ("RateLimitExceeded", "rate_limited", "it asks for fewer requests"),
    ("DDoSProtection", "rate_limited", "it asks for fewer requests"),
    ("OnMaintenance", "server_error", "it is under maintenance"),
    ("ExchangeNotAvailable", "network", "it cannot be reached"),
    ("NetworkError", "network", "the connection broke"),
)


def fault_of(error: Exception) -> Fault:
    """Return what ccxt's error, or an error inside ccxt, says about the venue."""
    if isinstance(error, Fault):
        return error
    names = {kind.__name__ for kind in type(error).__mro__}
    if "BaseError" not in names:
        # ccxt's parsers trip over answers of the wrong shape with whatever Python raises.
        return Fault("not_data", f"its answer cannot be read ({type(error).__name__})")
    if type(error.__cause__).__module__.startswith("aiohttp"):
        # A body that breaks off arrives as a plain ExchangeError; the cause knows better.
        return Fault("network", "the connection broke")
    for name, kind, meaning in _KINDS:
        if name in names:
            return Fault(kind, meaning)
    return Fault("not_data", "it answers with an error that it does not explain")


def redirect(urls: Any, address: str) -> Any:
    """Return ccxt's tree of addresses with every host replaced by `address`, paths kept."""
    if isinstance(urls, dict):
        return {key: redirect(value, address) for key, value in urls.items()}
    if isinstance(urls, list):
        return [redirect(value, address) for value in urls]
    if not isinstance(urls, str):
        return urls
    http = address.rstrip("/")
    websocket = re.sub(r"^http", "ws", http)
    return _HOST.sub(lambda found: websocket if found[1].startswith("ws") else http, urls)


def has_rows(answer: Any, path: tuple[str, ...]) -> bool:
    """Say whether a list of rows stands where this venue's protocol puts it."""
    for step in path:
        if not isinstance(answer, dict):
            return False
        lists = (value for value in answer.values() if isinstance(value, list))
        answer = next(lists, None) if step == "*" else answer.get(step)
    return isinstance(answer, list)
