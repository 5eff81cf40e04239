"""What is particular about a venue, as data. A venue that is not named here works with what ccxt says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_SPOT_ONLY: Final = {"fetchMarkets": {"types": ["spot"]}}


@dataclass(frozen=True, slots=True)
class Quirks:
    """How one venue differs from the others."""

    n_per_page: int | None = None
    """Most candles in one answer; None asks ccxt."""
    n_reachable: int | None = None
    """How many of the newest candles it gives at all; None for its whole history."""
    rows_at: tuple[str, ...] | None = None
    """Where the list of rows stands in its JSON; `*` is the first list found. None skips the check of the answer's shape."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """What ccxt is told."""


QUIRKS: Final[Mapping[str, Quirks]] = {
    # Loading futures and options too would mean three more requests to addresses that are blocked in more countries.
    "binance": Quirks(n_per_page=1000, rows_at=(), options={**_SPOT_ONLY, "fetchCurrencies": False}),
    # Its `end` counts the candle that opens there, and 300 is the most it ever promised: 299 spans make 300 candles.
    "coinbase": Quirks(n_per_page=299, rows_at=("candles",)),
    # Whatever `since` says, it only keeps the newest 720.
    "kraken": Quirks(n_per_page=720, n_reachable=720, rows_at=("result", "*")),
    "bitstamp": Quirks(n_per_page=1000, rows_at=("data", "ohlc")),
    # The history endpoint gives 100 on every deployment; more is only sometimes honoured and a short page would look like a gap.
    "okx": Quirks(n_per_page=100, rows_at=("data",), options=_SPOT_ONLY),
}

STAND_IN_QUOTES: Final[Mapping[str, tuple[str, ...]]] = {"USD": ("USDT", "USDC")}
"""Where a venue does not trade against the quote itself (Binance and OKX have no BTC/USD), its dollar tokens stand in, in this order."""


def quirks_of(venue: str) -> Quirks:
    """Return what is particular about the venue."""
    return QUIRKS.get(venue, Quirks())
